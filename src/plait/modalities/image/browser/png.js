// Reads PNG files exactly, as Pillow does: canvases round where pictures let light through.

import { CellError } from "../../cells.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0,
  RGB = 2,
  PALETTE = 3,
  GREY_ALPHA = 4,
  RGBA = 6;
const CHANNELS = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, [GREY_ALPHA]: 2, [RGBA]: 4 };
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const ORIENTATION = 0x0112;

/** Tell whether bytes begin as a PNG file does. */
export function isPng(bytes) {
  return SIGNATURE.every((byte, place) => bytes[place] === byte);
}

/**
 * Return a PNG file's picture.
 *
 * @returns {Promise<object>} `width`, `height`, `rgba` (a Uint8ClampedArray, not premultiplied) and
 *   `orientation` (EXIF's, 1 to 8). Throws `CellError`.
 */
export async function decodePng(bytes, mostPixels) {
  const chunks = chunksOf(bytes),
    head = headOf(chunks);
  if (head.width * head.height > mostPixels) {
    throw new CellError("the picture is too large", `at most ${mostPixels} pixels`);
  }
  const samples = unfiltered(await inflated(chunks), head);
  const rgba = coloured(samples, head, chunks);
  return { width: head.width, height: head.height, rgba, orientation: orientationOf(chunks.eXIf) };
}

function broken(how) {
  return new CellError("the picture cannot be decoded", `a whole PNG file (${how})`);
}

function chunksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = { IDAT: [] };
  let place = SIGNATURE.length;
  for (;;) {
    if (place + 12 > bytes.length) throw broken("it is cut off");
    const size = view.getUint32(place),
      end = place + 8 + size;
    if (end + 4 > bytes.length) throw broken("it is cut off");
    const name = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    const data = bytes.subarray(place + 8, end);
    if (name === "IEND") return found;
    if (name === "IDAT") found.IDAT.push(data);
    else found[name] ??= data;
    place = end + 4;
  }
}

function headOf({ IHDR }) {
  if (IHDR?.length !== 13) throw broken("it has no header");
  const view = new DataView(IHDR.buffer, IHDR.byteOffset, 13);
  const [depth, type, , , interlaced] = IHDR.subarray(8);
  const width = view.getUint32(0),
    height = view.getUint32(4),
    channels = CHANNELS[type];
  if (!width || !height || channels === undefined || ![1, 2, 4, 8, 16].includes(depth)) {
    throw broken("of a known kind");
  }
  return { width, height, depth, type, channels, interlaced };
}

async function inflated({ IDAT }) {
  try {
    const stream = new Blob(IDAT).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw broken("its pixels are damaged");
  }
}

/** Return the samples in rows, 8 or 16 bits each as they are stored, fewer bits unpacked. */
function unfiltered(data, head) {
  const { width, height, depth, channels, interlaced } = head;
  const Samples = depth === 16 ? Uint16Array : Uint8Array;
  const found = new Samples(width * height * channels);
  let place = 0;
  for (const [x, y, right, down] of interlaced ? PASSES : [[0, 0, 1, 1]]) {
    const wide = Math.ceil((width - x) / right),
      high = Math.ceil((height - y) / down);
    if (wide < 1 || high < 1) continue;
    const size = Math.ceil((wide * channels * depth) / 8),
      step = Math.ceil((channels * depth) / 8);
    let above = new Uint8Array(size);
    for (let row = 0; row < high; row += 1) {
      if (place + 1 + size > data.length) throw broken("it is cut off");
      const line = data.subarray(place + 1, place + 1 + size);
      unfilter(data[place], line, above, step);
      const first = (y + row * down) * width + x;
      for (let at = 0; at < wide * channels; at += 1) {
        const pixel = Math.floor(at / channels);
        found[(first + pixel * right) * channels + (at % channels)] = sample(line, at, depth);
      }
      [place, above] = [place + 1 + size, line];
    }
  }
  return found;
}

function sample(line, at, depth) {
  if (depth === 8) return line[at];
  if (depth === 16) return line[2 * at] * 256 + line[2 * at + 1];
  const bit = at * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function unfilter(kind, line, above, step) {
  if (kind > 4) throw broken("its pixels are damaged");
  for (let at = 0; at < line.length; at += 1) {
    const left = at < step ? 0 : line[at - step],
      up = above[at];
    if (kind === 1) line[at] += left;
    else if (kind === 2) line[at] += up;
    else if (kind === 3) line[at] += (left + up) >> 1;
    else if (kind === 4) line[at] += paeth(left, up, at < step ? 0 : above[at - step]);
  }
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(guess - one));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Return samples as RGBA of 8 bits; shades of 16 bits are stretched over what occurs. */
function coloured(samples, head, { PLTE, tRNS }) {
  const { depth, type, channels } = head,
    num = samples.length / channels;
  const out = new Uint8ClampedArray(4 * num).fill(255);
  const deepGrey = type === GREY && depth === 16;
  const scaled = deepGrey ? stretched(samples) : eightBits(samples, depth, type);
  const clear = deepGrey || tRNS === undefined || type === PALETTE ? null : clearSample(tRNS, type);
  for (let pixel = 0; pixel < num; pixel += 1) {
    const at = pixel * channels,
      to = 4 * pixel;
    if (type === PALETTE) {
      const entry = 3 * samples[at];
      for (let one = 0; one < 3; one += 1) out[to + one] = PLTE?.[entry + one] ?? 0;
      out[to + 3] = tRNS?.[samples[at]] ?? 255;
      continue;
    }
    const own = type === RGB || type === RGBA ? [0, 1, 2] : [0, 0, 0];
    own.forEach((channel, one) => {
      out[to + one] = scaled[at + channel];
    });
    if (type === GREY_ALPHA || type === RGBA) out[to + 3] = scaled[at + channels - 1];
    else if (clear?.every((value, one) => samples[at + one] === value)) out[to + 3] = 0;
  }
  return out;
}

function clearSample(tRNS, type) {
  const values = type === RGB ? [0, 2, 4] : [0];
  return values.map((place) => tRNS[place] * 256 + tRNS[place + 1]);
}

function eightBits(samples, depth, type) {
  if (depth === 8 || type === PALETTE) return samples;
  if (depth === 16) return samples.map((value) => value >> 8);
  return samples.map((value) => value * (255 / (2 ** depth - 1)));
}

function stretched(samples) {
  let low = Infinity,
    high = -Infinity;
  for (const value of samples) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const factor = Math.fround(high > low ? 255 / (high - low) : 0);
  return samples.map((value) => Math.floor(Math.fround(Math.fround(value - low) * factor)));
}

/** Return the orientation that EXIF data tells, 1 where it tells none. */
function orientationOf(data) {
  if (data === undefined || data.length < 14) return 1;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = data[0] === 0x49,
    first = view.getUint32(4, little);
  if (first + 2 > data.length) return 1;
  const num = view.getUint16(first, little);
  for (let entry = 0; entry < num && first + 14 + 12 * entry <= data.length; entry += 1) {
    const place = first + 2 + 12 * entry;
    if (view.getUint16(place, little) !== ORIENTATION) continue;
    const value = view.getUint16(place + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
