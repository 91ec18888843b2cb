// Corrects outputs for the set of columns that a row has, as `plait.model.calibration` does.

/**
 * Return calibrated outputs of one row.
 *
 * @param {object} calibration `patterns`, `factors`, `lacking`, as `Calibration.facts` tells them.
 * @param {object} form Applies factors (`corrected`) and chooses the humblest (`mostCautious`).
 * @param {object} answer Facts of the target.
 * @param {Float32Array} outputs Canonical outputs.
 * @param {boolean[]} present Which input columns the row has, in the model's order.
 */
export function calibrated(calibration, form, answer, outputs, present) {
  return form.corrected(outputs, factorsOf(calibration, form, present), answer);
}

function factorsOf({ patterns, factors, lacking }, form, present) {
  const same = (pattern) => pattern.every((has, place) => has === present[place]);
  const own = patterns.findIndex((pattern, number) => number > 0 && same(pattern));
  if (own > 0) return factors[own];
  const absent = lacking.filter((_, place) => !present[place]);
  const told = [factors[0], ...absent.filter((one) => one !== null)];
  if (!absent.length || absent.includes(null)) {
    const inside = (pattern) => pattern.every((has, place) => !has || present[place]);
    told.push(...factors.filter((_, number) => number > 0 && inside(patterns[number])));
  }
  return told[0].map((_, place) => form.mostCautious(told.map((one) => one[place])));
}
