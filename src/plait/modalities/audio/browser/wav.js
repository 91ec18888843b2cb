// Reads WAV files: PCM of 8, 16, 24 and 32 bits, and floats of 32 and 64, as libsndfile does.

import { CellError } from "../../cells.js";

const PCM = 1,
  FLOAT = 3,
  EXTENSIBLE = 0xfffe,
  MOST_CHANNELS = 4096;

/** Tell whether bytes begin as a WAV file does. */
export function isWav(bytes) {
  const at = (place, text) => [...text].every((c, i) => bytes[place + i] === c.charCodeAt(0));
  return at(0, "RIFF") && at(8, "WAVE");
}

/**
 * Return a WAV file's sound.
 *
 * @param {Uint8Array} bytes The file.
 * @param {number} seconds How much of it is wanted.
 * @returns {object} `rate` in Hz, `length` in samples, and `channels`: Float32Arrays of what is
 *   wanted and a sample more, in [-1, 1]. Throws `CellError`.
 */
export function readWav(bytes, seconds) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { format, data } = chunksOf(bytes, view);
  const readSample = sampleReader(format, view);
  const length = Math.floor(data.size / format.block);
  const num = Math.min(length, Math.trunc(seconds * format.rate) + 1);
  const channels = Array.from({ length: format.channels }, (_, channel) => {
    const place = data.start + (channel * format.bits) / 8;
    return Float32Array.from({ length: num }, (__, at) => readSample(place + at * format.block));
  });
  return { rate: format.rate, length, channels };
}

function broken(how) {
  return new CellError("the sound cannot be decoded", `a whole WAV file (${how})`);
}

function chunksOf(bytes, view) {
  let format = null;
  for (let place = 12; place + 8 <= bytes.length;) {
    const name = String.fromCharCode(...bytes.subarray(place, place + 4));
    const size = view.getUint32(place + 4, true),
      start = place + 8;
    if (name === "fmt " && start + 16 <= bytes.length) format = formatOf(view, start, size);
    if (name === "data") {
      if (format === null) throw broken("it does not say how its samples are written");
      if (start + size > bytes.length) throw broken("it is cut off");
      return { format, data: { start, size } };
    }
    place = start + size + (size % 2);
  }
  throw broken("it has no samples");
}

function formatOf(view, start, size) {
  let kind = view.getUint16(start, true);
  if (kind === EXTENSIBLE && size >= 26) kind = view.getUint16(start + 24, true);
  const channels = view.getUint16(start + 2, true),
    bits = view.getUint16(start + 14, true);
  if (channels < 1 || channels > MOST_CHANNELS) throw broken("of one channel or more");
  return {
    kind,
    channels,
    bits,
    rate: view.getUint32(start + 4, true),
    block: (channels * bits) / 8,
  };
}

function sampleReader({ kind, bits }, view) {
  const readers = {
    [`${PCM} 8`]: (at) => (view.getUint8(at) - 128) / 2 ** 7,
    [`${PCM} 16`]: (at) => view.getInt16(at, true) / 2 ** 15,
    [`${PCM} 24`]: (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
    [`${PCM} 32`]: (at) => view.getInt32(at, true) / 2 ** 31,
    [`${FLOAT} 32`]: (at) => view.getFloat32(at, true),
    [`${FLOAT} 64`]: (at) => view.getFloat64(at, true),
  };
  const found = readers[`${kind} ${bits}`];
  if (found === undefined) throw broken("of samples in 8, 16, 24 or 32 bits, or floats");
  return found;
}
