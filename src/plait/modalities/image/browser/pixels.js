// Pixels as Pillow computes them: turned upright, laid on white, averaged, scaled, padded, grey.

import { roundHalfEven } from "../../cells.js";

const BICUBIC = 2,
  CUBIC = -0.5;
const FRACTION_BITS = 22,
  BLEND_BITS = 7,
  REDUCING_GAP = 2;

/** Return RGBA pixels on white, as RGB: `{width, height, data}`, 3 bytes a pixel. */
export function onWhite({ width, height, rgba }) {
  const data = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const alpha = rgba[4 * pixel + 3],
      over = alpha << BLEND_BITS,
      under = (255 << BLEND_BITS) - over;
    for (let one = 0; one < 3; one += 1) {
      const sum = rgba[4 * pixel + one] * over + 255 * under + (0x80 << BLEND_BITS);
      data[3 * pixel + one] = (((sum >>> 8) + sum) >>> 8) >>> BLEND_BITS;
    }
  }
  return { width, height, data };
}

/** Return a picture as its camera was held, by EXIF's orientation. */
export function upright({ width, height, data }, orientation) {
  if (orientation === 1) return { width, height, data };
  const turned = orientation >= 5,
    wide = turned ? height : width,
    high = turned ? width : height;
  const out = new Uint8Array(data.length);
  const mirrored = [2, 3, 7, 8].includes(orientation),
    flipped = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      const [column, row] = turned ? [y, x] : [x, y];
      const from =
        3 * ((flipped ? height - 1 - row : row) * width + (mirrored ? width - 1 - column : column));
      out.set(data.subarray(from, from + 3), 3 * (y * wide + x));
    }
  }
  return { width: wide, height: high, data: out };
}

/** Return a picture of at most `longest` pixels a side, as `Image.thumbnail` makes it. */
export function thumbnail(picture, longest) {
  const { width, height } = picture;
  if (longest >= width && longest >= height) return picture;
  const aspect = width / height;
  const whole = (number, off) => {
    const [low, high] = [Math.floor(number), Math.ceil(number)];
    return Math.max(off(low) <= off(high) ? low : high, 1);
  };
  const wide =
    aspect <= 1 ? whole(longest * aspect, (n) => Math.abs(aspect - n / longest)) : longest;
  const high =
    aspect <= 1
      ? longest
      : whole(longest / aspect, (n) => (n ? Math.abs(aspect - longest / n) : 0));
  const factors = [width / wide, height / high].map((one) => Math.trunc(one / REDUCING_GAP) || 1);
  const less = reduced(picture, ...factors);
  return resized(less, wide, high, width / factors[0], height / factors[1]);
}

/** Return a picture whose blocks of pixels are averaged, as `Image.reduce` does. */
export function reduced(picture, right, down) {
  if (right === 1 && down === 1) return picture;
  const { width, height, data } = picture;
  const wide = Math.ceil(width / right),
    high = Math.ceil(height / down);
  const out = new Uint8Array(3 * wide * high);
  for (let y = 0; y < high; y += 1) {
    const last = Math.min((y + 1) * down, height);
    for (let x = 0; x < wide; x += 1) {
      const end = Math.min((x + 1) * right, width),
        num = (last - y * down) * (end - x * right);
      const multiplier = Math.floor(2 ** 24 / num),
        sums = [0, 0, 0].fill(num >> 1);
      for (let row = y * down; row < last; row += 1) {
        for (let at = 3 * (row * width + x * right); at < 3 * (row * width + end); at += 3) {
          sums[0] += data[at];
          sums[1] += data[at + 1];
          sums[2] += data[at + 2];
        }
      }
      sums.forEach((sum, one) => {
        out[3 * (y * wide + x) + one] = Math.floor((sum * multiplier) / 2 ** 24);
      });
    }
  }
  return { width: wide, height: high, data: out };
}

/**
 * Return a picture of another size, by the bicubic filter of `Image.resize`. Bytes are rounded
 * after each of the two passes, so their order counts: as in Pillow 13, the lines go first where
 * that takes away more than twice as many of them as columns.
 */
export function resized(picture, wide, high, right = picture.width, down = picture.height) {
  const { width, height } = picture;
  const linesFirst = high < height && height - high > 2 * (width - wide);
  if (linesFirst) return narrowed(lowered(picture, high, down), wide, right);
  return lowered(narrowed(picture, wide, right), high, down);
}

function narrowed({ width, height, data }, wide, length) {
  if (wide === width && length === width) return { width, height, data };
  return { width: wide, height, data: across(data, width, height, weightsOf(width, length, wide)) };
}

function lowered({ width, height, data }, high, length) {
  if (high === height && length === height) return { width, height, data };
  return { width, height: high, data: downward(data, width, weightsOf(height, length, high)) };
}

/** Return for each place of a resized line where its pixels begin, and their whole weights. */
function weightsOf(size, length, newSize) {
  const scale = length / newSize,
    wide = Math.max(scale, 1),
    support = BICUBIC * wide;
  return Array.from({ length: newSize }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const last = Math.min(Math.trunc(centre + support + 0.5), size);
    const weights = new Float64Array(last - first);
    for (let at = 0; at < weights.length; at += 1) {
      weights[at] = cubic((at + first - centre + 0.5) * (1 / wide));
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let at = 0; at < weights.length; at += 1) {
      const weight = (total === 0 ? weights[at] : weights[at] / total) * 2 ** FRACTION_BITS;
      weights[at] = Math.trunc(weight + (weight < 0 ? -0.5 : 0.5));
    }
    return { first, weights };
  });
}

function cubic(place) {
  const x = Math.abs(place);
  if (x < 1) return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * CUBIC : 0;
}

function clipped(sum) {
  return Math.min(Math.max(Math.floor(sum / 2 ** FRACTION_BITS), 0), 255);
}

function across(data, width, height, places) {
  const out = new Uint8Array(3 * places.length * height);
  for (let y = 0; y < height; y += 1) {
    places.forEach(({ first, weights }, x) => {
      let red = 2 ** (FRACTION_BITS - 1),
        green = red,
        blue = red;
      for (let at = 0, from = 3 * (y * width + first); at < weights.length; at += 1, from += 3) {
        red += data[from] * weights[at];
        green += data[from + 1] * weights[at];
        blue += data[from + 2] * weights[at];
      }
      const to = 3 * (y * places.length + x);
      out[to] = clipped(red);
      out[to + 1] = clipped(green);
      out[to + 2] = clipped(blue);
    });
  }
  return out;
}

function downward(data, width, places) {
  const out = new Uint8Array(3 * width * places.length),
    line = 3 * width;
  places.forEach(({ first, weights }, y) => {
    for (let x = 0; x < line; x += 1) {
      let sum = 2 ** (FRACTION_BITS - 1);
      for (let at = 0; at < weights.length; at += 1)
        sum += data[(first + at) * line + x] * weights[at];
      out[y * line + x] = clipped(sum);
    }
  });
  return out;
}

/** Return a picture scaled to fit, in the middle, the rest filled with its edges' colours. */
export function fitted(picture, wide, high) {
  const { width, height } = picture,
    ratio = Math.min(high / height, wide / width);
  const inner = [width, height].map((side) => Math.max(1, roundHalfEven(side * ratio)));
  const small = inner[0] === width && inner[1] === height ? picture : resized(picture, ...inner);
  const left = Math.floor((wide - inner[0]) / 2),
    top = Math.floor((high - inner[1]) / 2);
  const data = new Uint8Array(3 * wide * high);
  for (let y = 0; y < high; y += 1) {
    const row = Math.min(Math.max(y - top, 0), inner[1] - 1);
    for (let x = 0; x < wide; x += 1) {
      const from = 3 * (row * inner[0] + Math.min(Math.max(x - left, 0), inner[0] - 1));
      data.set(small.data.subarray(from, from + 3), 3 * (y * wide + x));
    }
  }
  return { width: wide, height: high, data, left, top, inner };
}

const SHADE = [0.299, 0.587, 0.114].map(Math.fround);

/** Return the shade of each pixel, a byte each. */
export function greyOf(data) {
  const out = new Uint8Array(data.length / 3);
  for (let pixel = 0; pixel < out.length; pixel += 1) {
    const sum = SHADE.reduce(
      (total, weight, one) => Math.fround(total + Math.fround(data[3 * pixel + one] * weight)),
      0,
    );
    out[pixel] = roundHalfEven(sum);
  }
  return out;
}
