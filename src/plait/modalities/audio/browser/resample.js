// Brings a sound to another rate: a sinc under a Kaiser window, as steep as soxr's "high quality".

const PASS = 0.9136,
  STOP = 1.0;
/* Of half the lower rate: what passes whole, and from where on nothing does. */

const ATTENUATION_DB = 128,
  MOST_PHASES = 1024;
const BETA = 0.1102 * (ATTENUATION_DB - 8.7);

/** Return samples at another rate, as many as the time asks for. Float32Array in and out. */
export function resampled(samples, rate, newRate) {
  if (rate === newRate) return samples;
  const divisor = greatestCommonDivisor(rate, newRate);
  const up = newRate / divisor,
    down = rate / divisor;
  const { half, kernel, phases } = kernelOf(rate, newRate, up);
  const length = Math.floor((samples.length * newRate) / rate + 0.5);
  return Float32Array.from({ length }, (_, place) => {
    const exact = place * down,
      first = Math.floor(exact / up);
    const phase = ((exact % up) / up) * phases,
      low = Math.floor(phase),
      share = phase - low;
    const begin = Math.max(first - half + 1, 0),
      end = Math.min(first + half, samples.length - 1);
    let sum = 0;
    for (let at = begin; at <= end; at += 1) {
      const from = (at - first + half) * phases - low;
      const weight = kernel[from] + share * (kernel[from - 1] - kernel[from]);
      sum += samples[at] * weight;
    }
    return sum;
  });
}

/** Return the filter, sampled at so many places between two samples; its middle is at `half`. */
function kernelOf(rate, newRate, up) {
  const lower = Math.min(1, newRate / rate),
    cut = ((PASS + STOP) / 2) * lower;
  const transition = ((STOP - PASS) / 2) * lower;
  const half = Math.ceil((ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * transition) / 2);
  const phases = Math.min(up, MOST_PHASES),
    size = 2 * half * phases + 1;
  const kernel = new Float64Array(size),
    whole = besselOf(BETA);
  for (let at = 0; at < size; at += 1) {
    const x = at / phases - half,
      inside = 1 - (x / half) ** 2;
    const window = inside > 0 ? besselOf(BETA * Math.sqrt(inside)) / whole : 0;
    const angle = Math.PI * cut * x;
    kernel[at] = cut * (x === 0 ? 1 : Math.sin(angle) / angle) * window;
  }
  return { half, kernel, phases };
}

/** Return the modified Bessel function of the first kind of order 0. */
function besselOf(x) {
  let term = 1,
    sum = 1;
  for (let k = 1; term > sum * 1e-17; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(one, other) {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
