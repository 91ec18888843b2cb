// Answers of one class out of several: the likeliest, or by the threshold that was decided on.

import { powered } from "../temperature.js";

export const mostCautious = (factors) => Math.min(...factors);

/** Raise probabilities to a power and let them sum to 1 again (`TemperatureScale`). */
export function corrected(outputs, [power]) {
  const raised = Array.from(outputs, (share) => powered(share, power));
  const total = raised.reduce((sum, share) => sum + share, 0);
  return raised.map((share) => share / total);
}

/**
 * Return what is said of a row.
 *
 * @param {Float32Array} outputs Probabilities in the order of the labels.
 * @param {object} facts `labels`, and `decision`: `{place, threshold}` or null.
 * @returns {object} `prediction`, `confidence`, and `shares`: `{label, share}`, likeliest first.
 */
export function answer(outputs, { labels, decision }) {
  let chosen = outputs.indexOf(Math.max(...outputs));
  if (decision !== null) {
    const { place, threshold } = decision;
    chosen = outputs[place] >= threshold ? place : 1 - place;
  }
  const shares = labels.map((label, place) => ({ label, share: outputs[place] }));
  shares.sort((one, other) => other.share - one.share);
  return { prediction: labels[chosen], confidence: outputs[chosen], shares };
}
