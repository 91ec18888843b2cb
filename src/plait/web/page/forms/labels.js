// Answers of any number of labels, each a yes or no of its own.

import { powered, poweredRest } from "../temperature.js";

const HALF = 0.5;

export const mostCautious = (factors) => Math.min(...factors);

/** Multiply the log-odds of each label by a factor (`TemperatureScale`). */
export function corrected(outputs, [power]) {
  return Array.from(outputs, (share) => {
    const yes = powered(share, power);
    return yes / (yes + poweredRest(share, power));
  });
}

/**
 * Return what is said of a row.
 *
 * @param {Float32Array} outputs Probabilities in the order of the labels.
 * @param {object} facts `labels`.
 * @returns {object} `prediction` (labels joined by ;), `confidence` that all of it is right, and
 *   `shares`: `{label, share}`, likeliest first.
 */
export function answer(outputs, { labels }) {
  const said = labels.filter((_, place) => outputs[place] >= HALF);
  const sure = outputs.reduce((product, share) => product * Math.max(share, 1 - share), 1);
  const shares = labels.map((label, place) => ({ label, share: outputs[place] }));
  shares.sort((one, other) => other.share - one.share);
  return { prediction: said.join(";"), confidence: sure, shares };
}
