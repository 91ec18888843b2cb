// Categories in the browser: `read` and `prepare` of `plait.modalities.category.codec`.

import { CellError, part, strip } from "../../cells.js";
import { numbersOf } from "../../labels.js";

const UNSEEN = 0,
  MOST_CHARACTERS = 1000;

/** How a cell is asked for. */
export function field({ labels }) {
  return { kind: "choice", options: labels };
}

/** Return a cell's label; null for nothing. Throws `CellError`. */
export function read(cell) {
  if (typeof cell !== "string") throw new CellError("not a label", "a short text or number");
  const label = strip(cell);
  if ([...label].length > MOST_CHARACTERS) {
    throw new CellError("the label is too long", `at most ${MOST_CHARACTERS} characters`);
  }
  return label || null;
}

/** Return `label`: its number, that of another spelling of it, or that of labels never seen. */
export function prepare(raw, codec) {
  const { numbers, others, plain } = numbersOf(codec);
  const number = numbers.get(raw) ?? others.get(plain(raw)) ?? UNSEEN;
  return { label: part(new Int32Array([number]), [1]) };
}
