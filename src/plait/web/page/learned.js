// What corrections make of a model's answers, as `plait.edge.learned` has it; knows no page.

import { dot, floatsOf, rowsOf, solved } from "./arrays.js";

const PRIOR_ROWS = 2,
  LEAST_SCORE = 1e-3;

/** Return the statistics of `model.json` as arrays. */
export function statisticsOf(told) {
  const { features, raw, near, outputs } = told.sizes;
  return {
    near,
    unit: told.unit,
    counts: told.counts,
    truth: told.truth,
    centre: floatsOf(told.centre),
    spread: floatsOf(told.spread),
    transform: rowsOf(floatsOf(told.transform), raw),
    means: rowsOf(floatsOf(told.means), features),
    draws: rowsOf(floatsOf(told.draws), features),
    outputs: rowsOf(floatsOf(told.outputs), outputs),
  };
}

/** Return the features of a row, of what the model says of it and of its point. */
export function featuresOf({ transform, centre, unit }, outputs, point) {
  const raw = Float64Array.from([...scoresOf(outputs, unit), ...point]);
  if (raw.length !== centre.length) throw new Error("the statistics are of another model");
  const moved = raw.map((value, place) => value - centre[place]);
  return Float64Array.from(transform, (row) => dot(row, moved));
}

function scoresOf(outputs, unit) {
  if (unit !== null) return Array.from(outputs, (value) => value / unit);
  const logs = Array.from(outputs, (share) => Math.log(Math.min(Math.max(share, LEAST_SCORE), 1)));
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  return logs.map((value) => value - mean);
}

/** The correction that is added to the model's own outputs. */
export class Learned {
  /**
   * @param {object} statistics Of `statisticsOf`.
   * @param {string[]} labels The model's classes; none of numbers.
   * @param {Array} corrections `{design, residuals, sums}`: rows of numbers, and `{label, num,
   *   total}`.
   */
  constructor(statistics, labels, corrections) {
    this.statistics = statistics;
    const named = corrections.flatMap(({ sums }) => sums.map(({ label }) => label));
    this.newLabels = [...new Set(named)].filter((label) => !labels.includes(label));
    this.weights = weightsOf(statistics, corrections);
    [this.known, this.fresh] = prototypesOf(statistics, labels, this.newLabels, corrections);
  }

  /** Return corrected outputs, a Float32Array, those of new classes last. */
  apply(features, outputs) {
    let found = Array.from(outputs);
    if (this.weights !== null) found = this.#added(features, found);
    if (this.newLabels.length) {
      const shares = this.#shares(features);
      const left = 1 - shares.reduce((sum, share) => sum + share, 0);
      found = [...found.map((share) => share * left), ...shares];
    }
    return Float32Array.from(found);
  }

  #added(features, outputs) {
    const row = [1, ...features],
      add = outputs.map(() => 0);
    this.weights.forEach((weights, place) => {
      add.forEach((_, output) => {
        add[output] += row[place] * weights[weights.length === 1 ? 0 : output];
      });
    });
    const moved = outputs.map((value, output) => value + add[output]);
    if (this.statistics.unit !== null) return moved;
    const cut = moved.map((share) => Math.max(share, 0));
    const total = cut.reduce((sum, share) => sum + share, 0);
    return total > 0 ? cut.map((share) => share / total) : outputs;
  }

  #shares(features) {
    const near = features.subarray(0, this.statistics.near);
    const logits = [...this.known, ...this.fresh].map((one) => dot(near, one) - dot(one, one) / 2);
    const most = Math.max(...logits),
      raised = logits.map((logit) => Math.exp(logit - most));
    const total = raised.reduce((sum, share) => sum + share, 0);
    return raised.slice(this.known.length).map((share) => share / total);
  }
}

/** Return the weights of the ridge regression, a row per feature; null where none was corrected. */
function weightsOf(statistics, corrections) {
  const told = corrections.filter(({ design }) => design.length);
  if (!told.length) return null;
  const size = 1 + statistics.transform.length,
    width = told[0].residuals[0].length;
  const gram = moment(statistics).map((row) => row.map((value) => PRIOR_ROWS * size * value));
  const sums = Array.from({ length: size }, () => new Float64Array(width));
  for (const { design, residuals } of told) {
    design.forEach((row, number) => {
      for (let i = 0; i < size; i += 1) {
        for (let j = 0; j < size; j += 1) gram[i][j] += row[i] * row[j];
        for (let k = 0; k < width; k += 1) sums[i][k] += row[i] * residuals[number][k];
      }
    });
  }
  return solved(gram, sums);
}

/** Return the mean product of known rows' features with themselves, all classes alike. */
function moment({ means, counts, transform }) {
  const rows = means.filter((_, place) => counts[place] > 0).map((mean) => [1, ...mean]);
  const size = 1 + transform.length;
  const found = Array.from({ length: size }, () => new Float64Array(size));
  for (const row of rows) {
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) found[i][j] += (row[i] * row[j]) / rows.length;
    }
  }
  for (let i = 1; i < size; i += 1) found[i][i] += 1;
  return found;
}

/** Return the prototypes of known classes, and of new ones. */
function prototypesOf({ means, counts, spread, near }, labels, newLabels, corrections) {
  const middles = means.map((mean) => mean.subarray(0, near));
  const known = middles.filter((_, place) => counts[place] > 0),
    fresh = [];
  const every = corrections.flatMap(({ sums }) => sums);
  for (const label of [...labels, ...newLabels]) {
    const own = every.filter((one) => one.label === label);
    const num = own.reduce((total, one) => total + one.num, 0);
    if (!num) continue;
    const place = labels.indexOf(label);
    const found = Float64Array.from(spread, (variance, i) => {
      const middle = place < 0 ? 0 : middles[place][i];
      const mean = own.reduce((total, one) => total + one.total[i], 0) / num;
      return middle + ((num * variance) / (num * variance + 1)) * (mean - middle);
    });
    (place < 0 ? fresh : known).push(found);
  }
  return [known, fresh];
}
