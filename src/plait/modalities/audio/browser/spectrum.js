// Log-mel spectrograms, as `plait.modalities.audio.spectrum` computes them.

import { roundHalfEven } from "../../cells.js";

const FLOOR = 1e-5,
  WINDOW_SECONDS = 0.025,
  HOP_SECONDS = 0.01,
  LOWEST_HZ = 50;

/**
 * Return the natural logarithm of mel amplitudes, a frame each 10 ms.
 *
 * @param {Float32Array} wave Samples in [-1, 1].
 * @param {number} rate Samples per second.
 * @param {number} numMels Bands.
 * @returns {object} `frames`, and `values`: a Float32Array, frame by frame.
 */
export function logMel(wave, rate, numMels) {
  const window = roundHalfEven(WINDOW_SECONDS * rate),
    hop = roundHalfEven(HOP_SECONDS * rate);
  const size = 2 ** Math.ceil(Math.log2(window)),
    frames = 1 + Math.floor(wave.length / hop);
  const hann = Float32Array.from(
    { length: window },
    (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / window),
  );
  const total = hann.reduce((sum, value) => sum + value, 0),
    bands = melBands(rate, size, numMels);
  const transform = fourier(size),
    values = new Float32Array(frames * numMels);
  const real = new Float64Array(size),
    imaginary = new Float64Array(size);
  for (let frame = 0; frame < frames; frame += 1) {
    const first = frame * hop - Math.floor(window / 2);
    real.fill(0);
    imaginary.fill(0);
    for (let at = 0; at < window; at += 1) {
      real[at] = Math.fround((wave[first + at] ?? 0) * hann[at]);
    }
    transform(real, imaginary);
    bands.forEach(({ start, weights }, band) => {
      let sum = 0;
      for (let at = 0; at < weights.length; at += 1) {
        sum += Math.hypot(real[start + at], imaginary[start + at]) * weights[at];
      }
      values[frame * numMels + band] = Math.log(Math.max((sum * 2) / total, FLOOR));
    });
  }
  return { frames, values };
}

/** Return triangular filters of unit peak, evenly spaced on the mel scale: where each begins. */
function melBands(rate, size, numMels) {
  const toMel = (hz) => 2595 * Math.log10(1 + hz / 700);
  const low = toMel(LOWEST_HZ),
    top = toMel(rate / 2),
    step = (top - low) / (numMels + 1);
  const edges = Array.from(
    { length: numMels + 2 },
    (_, place) => 700 * (10 ** ((low + place * step) / 2595) - 1),
  );
  return Array.from({ length: numMels }, (_, band) => {
    const [left, middle, right] = edges.slice(band, band + 3);
    const all = Array.from({ length: size / 2 + 1 }, (__, bin) => {
      const hz = (bin * rate) / size;
      return Math.fround(
        Math.max(0, Math.min((hz - left) / (middle - left), (right - hz) / (right - middle))),
      );
    });
    const start = Math.max(
      all.findIndex((weight) => weight > 0),
      0,
    );
    const last = all.findLastIndex((weight) => weight > 0);
    return { start, weights: Float64Array.from(all.slice(start, last + 1)) };
  });
}

/** Return what transforms so many complex numbers in place (radix 2). */
function fourier(size) {
  const cosines = Float64Array.from({ length: size / 2 }, (_, k) =>
    Math.cos((2 * Math.PI * k) / size),
  );
  const sines = Float64Array.from(
    { length: size / 2 },
    (_, k) => -Math.sin((2 * Math.PI * k) / size),
  );
  return (real, imaginary) => {
    reorder(real, imaginary, size);
    for (let width = 2; width <= size; width *= 2) {
      const half = width / 2,
        stride = size / width;
      for (let start = 0; start < size; start += width) {
        for (let k = 0; k < half; k += 1) {
          const at = start + k,
            to = at + half,
            c = cosines[k * stride],
            s = sines[k * stride];
          const x = real[to] * c - imaginary[to] * s,
            y = real[to] * s + imaginary[to] * c;
          [real[to], imaginary[to]] = [real[at] - x, imaginary[at] - y];
          [real[at], imaginary[at]] = [real[at] + x, imaginary[at] + y];
        }
      }
    }
  };
}

function reorder(real, imaginary, size) {
  for (let at = 1, to = 0; at < size; at += 1) {
    let bit = size >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (at < to) {
      [real[at], real[to]] = [real[to], real[at]];
      [imaginary[at], imaginary[to]] = [imaginary[to], imaginary[at]];
    }
  }
}
