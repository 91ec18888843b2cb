// Deltas as text, as `plait.edge.delta_file` writes and checks them; signed ones are read as others.

import { doublesOf, rowsOf, textOf } from "./arrays.js";
import { sha256 } from "./sha256.js";

const VERSION = 1,
  KINDS = ["correct", "class"],
  MOST_BYTES = 32 * 2 ** 20,
  MOST_CORRECTIONS = 5000,
  MOST_LETTERS = 200,
  MOST_ROWS = 1e9,
  MOST_NUMBER = 1e12;

/** Return a delta as text: `{bundle, basis, target, sizes, corrections}`. */
export function writtenDelta({ bundle, basis, target, sizes, corrections }) {
  const content = JSON.stringify({
    bundle,
    basis,
    target,
    num_features: sizes.features,
    num_near: sizes.near,
    num_outputs: sizes.corrected,
    corrections: corrections.map(({ id, kind, num, design, residuals, sums }) => ({
      id,
      kind,
      num,
      design: textOf(design.flatMap((row) => [...row])),
      residuals: textOf(residuals.flatMap((row) => [...row])),
      sums: sums.map(({ label, num: some, total }) => ({ label, num: some, total: textOf(total) })),
    })),
    statistics: null,
  });
  const digest = sha256(new TextEncoder().encode(content));
  return JSON.stringify({ plait_delta: VERSION, sha256: digest, hmac_sha256: null, content });
}

/**
 * Return the corrections of a delta's text.
 *
 * @param {string} text The file.
 * @param {object} own `{bundle, basis, sizes}` of this page's model.
 * Throws an `Error` that says why it is none, or none of this model.
 */
export function readDelta(text, own) {
  if (text.length > MOST_BYTES) throw new Error("the file is too large for a delta");
  const whole = parsed(text);
  if (whole?.plait_delta !== VERSION) throw new Error("this is no delta, or of another version");
  const bytes = new TextEncoder().encode(whole.content);
  if (sha256(bytes) !== whole.sha256) throw new Error("the delta was changed after it was saved");
  const content = parsed(whole.content);
  if (content?.bundle !== own.bundle) throw new Error("the delta is of another model");
  if (content.basis !== own.basis) throw new Error("the delta is of other statistics");
  const { features, near, corrected } = own.sizes;
  const same = [content.num_features, content.num_near, content.num_outputs];
  const sized = [features, near, corrected].every((size, place) => same[place] === size);
  const told = content.corrections;
  if (!sized || !Array.isArray(told) || told.length > MOST_CORRECTIONS) throw damaged();
  const found = told.map((one) => correctionOf(one, own.sizes));
  if (new Set(found.map(({ id }) => id)).size < found.length) throw damaged();
  return found;
}

function correctionOf(told, { features, near, corrected }) {
  const design = rows(told?.design, 1 + features),
    residuals = rows(told?.residuals, corrected);
  const known = KINDS.includes(told.kind) && /^[0-9a-f]{16}$/.test(told.id);
  const fits = design.length === residuals.length && design.length <= 1 + features;
  if (!known || !fits || !isCount(told.num) || !Array.isArray(told.sums)) throw damaged();
  const sums = told.sums.map(({ label, num, total }) => {
    const named = typeof label === "string" && label.length > 0 && label.length <= MOST_LETTERS;
    const found = numbers(total);
    if (!named || !isCount(num) || found.length !== near) throw damaged();
    return { label, num, total: found };
  });
  return { id: told.id, kind: told.kind, num: told.num, design, residuals, sums };
}

function rows(text, width) {
  const found = numbers(text);
  if (found.length % width) throw damaged();
  return rowsOf(found, width);
}

function numbers(text) {
  const found = typeof text === "string" ? doublesOf(text) : undefined;
  if (!found?.every((number) => Math.abs(number) <= MOST_NUMBER)) throw damaged();
  return found;
}

function isCount(number) {
  return Number.isInteger(number) && number >= 1 && number <= MOST_ROWS;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged();
  }
}

function damaged() {
  return new Error("the delta is damaged");
}
