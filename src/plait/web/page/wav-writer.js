// Writes a WAV file of 32-bit floats, one channel.

const FLOAT = 3,
  HEADER_BYTES = 44,
  SAMPLE_BYTES = 4;

/** Return the file of samples that come in pieces, at a rate in Hz. */
export function wavOf(pieces, rate) {
  const num = pieces.reduce((sum, piece) => sum + piece.length, 0),
    size = num * SAMPLE_BYTES;
  const bytes = new Uint8Array(HEADER_BYTES + size),
    view = new DataView(bytes.buffer);
  const word = (place, text) => bytes.set(new TextEncoder().encode(text), place);
  const long = (place, value) => view.setUint32(place, value, true);
  const short = (place, value) => view.setUint16(place, value, true);
  word(0, "RIFF");
  long(4, HEADER_BYTES - 8 + size);
  word(8, "WAVEfmt ");
  long(16, 16);
  short(20, FLOAT);
  short(22, 1);
  long(24, rate);
  long(28, rate * SAMPLE_BYTES);
  short(32, SAMPLE_BYTES);
  short(34, 8 * SAMPLE_BYTES);
  word(36, "data");
  long(40, size);
  let place = HEADER_BYTES;
  for (const value of pieces.flatMap((piece) => [...piece])) {
    view.setFloat32(place, value, true);
    place += SAMPLE_BYTES;
  }
  return bytes;
}
