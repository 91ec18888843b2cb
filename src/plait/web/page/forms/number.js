// Answers that are a number: its mean, and the ends between which 90 % of such rows lie.

const SIGMAS = 1.645,
  MOST_LOG_SCALE = 5.0,
  LEAST_WIDTH = 1e-30;

export const mostCautious = (factors) => Math.max(...factors);

/** Move the ends of the interval, each by a factor of its own width (`IntervalScale`). */
export function corrected([mean, q05, q50, q95], [below, above], { bounds }) {
  const low = q50 - (q50 - q05) * below,
    high = q50 + (q95 - q50) * above;
  const quantiles = [low, q50, high].sort((one, other) => one - other);
  return [mean, ...quantiles].map((value) => within(value, bounds));
}

/**
 * Return what is said of a row.
 *
 * @param {Float32Array} outputs Mean and 5, 50 and 95 % quantile.
 * @param {object} facts `bounds` (null for none), `codec` of the target.
 * @returns {object} `prediction`, `confidence` (how narrow the interval is; no probability), and
 *   `interval`: its two ends.
 */
export function answer(outputs, { bounds, codec }) {
  const [mean, q05, q50, q95] = Array.from(outputs, (value) => within(value, bounds));
  const width = Math.max(q95 - q05, 0),
    usual = usualWidth(codec, q50);
  const confidence = Math.fround(usual / Math.max(usual + width, LEAST_WIDTH));
  return { prediction: mean, confidence, interval: [q05, q95], unit: codec.unit };
}

function within(value, [low, high]) {
  return Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
}

/** Return the width of the middle 90 % of all training values, about a row's median. */
function usualWidth({ log, scale, low }, median) {
  if (!log) return 2 * SIGMAS * scale;
  const spread = Math.sinh(SIGMAS * Math.min(scale, MOST_LOG_SCALE));
  return 2 * spread * Math.max(median, low ?? -Infinity);
}
