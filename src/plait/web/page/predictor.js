// From cells to an answer, as `Ensemble.outputs` and `Ensemble.answer` do; knows no page.

import { calibrated } from "./calibration.js";
import { isMissing } from "./cells.js";

const ARRAYS = {
  float16: Float32Array,
  float32: Float32Array,
  float64: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
};
const TENSOR_TYPES = {
  float16: "float32",
  float32: "float32",
  float64: "float32",
  int32: "int32",
  int64: "int64",
  uint8: "uint8",
};

/**
 * Read and prepare one row.
 *
 * @param {object} facts The page's `model.json`.
 * @param {object} codecs Modality -> module with `read` and `prepare`.
 * @param {object} cells Column -> text, or `{name, bytes}` of a file; absent counts as missing.
 * @returns {Promise<object>} Column -> parts, null where missing.
 * Throws `CellError` with a `column`.
 */
export async function preparedRow(facts, codecs, cells) {
  const row = {};
  for (const { name, modality, codec } of facts.columns) {
    const { read, prepare } = codecs[modality],
      cell = cells[name];
    try {
      const raw = isMissing(cell) ? null : await read(cell, codec);
      row[name] = raw === null ? null : prepare(raw, codec);
    } catch (error) {
      error.column = name;
      throw error;
    }
  }
  return row;
}

const LEAST_LENGTH = 2;
/* Places along an axis of varying length, at least: graphs are traced of several. */

/**
 * Return a row as named arrays `{type, data, dims}` with a batch axis of one, as graphs take them.
 * Axes of varying length come first in their part; what is behind their end is zero.
 */
export function flatRow(facts, row) {
  const found = {};
  for (const { name, parts } of facts.columns) {
    const value = row[name],
      lengths = {};
    for (const [key, { shape, dtype }] of Object.entries(parts)) {
      const known = value === null ? null : value[key];
      const dims = shape.map((size, axis) => {
        if (typeof size !== "string") return size;
        lengths[size] = Math.max(known === null ? 1 : known.dims[axis], 1);
        return Math.max(lengths[size], LEAST_LENGTH);
      });
      const data = new ARRAYS[dtype](dims.reduce((product, size) => product * size, 1));
      if (known !== null) data.set(known.data);
      found[`${name}:part:${key}`] = { type: TENSOR_TYPES[dtype], data, dims: [1, ...dims] };
    }
    for (const [axis, length] of Object.entries(lengths)) {
      const data = new BigInt64Array([BigInt(length)]);
      found[`${name}:length:${axis}`] = { type: "int64", data, dims: [1] };
    }
    const there = new Uint8Array([value === null ? 0 : 1]);
    found[`${name}:present:`] = { type: "bool", data: there, dims: [1] };
  }
  return found;
}

/** Return the mean of several networks' outputs of a row, and correct it for its columns. */
export function calibratedOutputs(facts, form, outputs, row) {
  const mean = Float32Array.from(outputs[0], (_, place) => {
    const total = outputs.reduce((sum, one) => sum + one[place], 0);
    return total / outputs.length;
  });
  if (facts.calibration === null) return mean;
  const present = facts.calibration.columns.map((name) => row[name] !== null);
  return Float32Array.from(calibrated(facts.calibration, form, facts.answer, mean, present));
}

/**
 * Answer one row.
 *
 * @param {object} facts The page's `model.json`.
 * @param {object} codecs As above.
 * @param {object} form Module of the target's form: `answer`, `corrected`, `mostCautious`.
 * @param {Array} runners Each takes named arrays and gives a promise of `{outputs, latent}`.
 * @param {object} cells As above.
 * @param {object} learner What was learned beside the model, a `Learner`; null for nothing.
 * @returns {object} What the form says, `outputs`, and with a learner the `row` that it can be
 *   corrected by: its `features`, and the model's `own` outputs.
 */
export async function answerOf(facts, codecs, form, runners, cells, learner = null) {
  const row = await preparedRow(facts, codecs, cells);
  const flat = flatRow(facts, row),
    found = [];
  for (const run of runners) found.push(await run(flat));
  const told = found.map(({ outputs }) => outputs),
    own = calibratedOutputs(facts, form, told, row);
  if (learner === null) return { outputs: own, ...form.answer(own, facts.answer) };
  const point = found.flatMap(({ latent }) => [...latent]);
  const features = learner.features(own, point),
    outputs = learner.apply(features, own);
  return { outputs, row: { features, own }, ...form.answer(outputs, learner.answering) };
}
