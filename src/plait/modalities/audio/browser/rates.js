// Finds the rate of a sound file in its header, so that a browser decodes it at its own rate.

const MPEG_RATES_HZ = [
  [11_025, 12_000, 8000],
  null,
  [22_050, 24_000, 16_000],
  [44_100, 48_000, 32_000],
];
const OPUS_RATE_HZ = 48_000,
  LOOKED_AT = 65_536;

/** Return samples per second as FLAC, Ogg Vorbis, Opus and MP3 files tell them; null for others. */
export function rateOf(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  if (text.startsWith("fLaC")) return (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4);
  if (text.startsWith("OggS")) {
    const vorbis = text.indexOf("\x01vorbis");
    if (vorbis >= 0)
      return new DataView(bytes.buffer, bytes.byteOffset).getUint32(vorbis + 12, true);
    return text.includes("OpusHead") ? OPUS_RATE_HZ : null;
  }
  return text.startsWith("ID3") || bytes[0] === 0xff ? mpegRate(bytes) : null;
}

function mpegRate(bytes) {
  const tagged = bytes[0] === 0x49;
  const size = tagged ? bytes.subarray(6, 10).reduce((sum, byte) => sum * 128 + byte, 10) : 0;
  for (let place = size; place + 3 < Math.min(bytes.length, size + LOOKED_AT); place += 1) {
    const [first, second, third] = bytes.subarray(place, place + 3);
    const isFrame = first === 0xff && second >> 5 === 7 && ((second >> 1) & 3) === 1;
    const rate = MPEG_RATES_HZ[(second >> 3) & 3]?.[(third >> 2) & 3];
    if (isFrame && rate !== undefined) return rate;
  }
  return null;
}
