// Sets of labels in the browser: `read` and `prepare` of `plait.modalities.categories.codec`.

import { CellError, part, strip } from "../../cells.js";
import { plainLabel } from "../../labels.js";

const UNSEEN = 0,
  MOST_CHARACTERS = 200;
const MARKS = /[;|]/;

/** How a cell is asked for. */
export function field({ labels }) {
  return { kind: "choices", options: labels };
}

/** Return a cell's labels, of `a;b` or a JSON list of texts. Throws `CellError`. */
export function read(cell, { separator }) {
  if (typeof cell !== "string") throw new CellError("the cell does not hold labels", '"a;b"');
  const labels = strip(cell).startsWith("[") ? listed(cell) : split(cell, separator);
  if (labels.some((label) => [...label].length > MOST_CHARACTERS)) {
    throw new CellError("a label is too long", `at most ${MOST_CHARACTERS} characters`);
  }
  return labels;
}

/** Return `labels`: ascending numbers; one behind the last known for the empty set. */
export function prepare(raw, { labels, separator }) {
  const numbers = new Map(labels.map((label, place) => [label, place + 1]));
  const pieces = separator === "," ? raw.flatMap((label) => split(label, ",")) : raw;
  const numberOf = (label) => numbers.get(label) ?? numbers.get(plainLabel(label)) ?? UNSEEN;
  const found = [...new Set(pieces.map(numberOf))].sort((one, other) => one - other);
  const data = new Int32Array(found.length ? found : [labels.length + 1]);
  return { labels: part(data, [data.length]) };
}

function listed(cell) {
  let items;
  try {
    items = JSON.parse(cell);
  } catch {
    throw new CellError("the cell is not a valid JSON list", '["red", "blue"]');
  }
  if (!items.every((item) => typeof item === "string" || item === null)) {
    throw new CellError("a list of labels holds something else than texts", '["red", "blue"]');
  }
  return distinct(items.filter((item) => item !== null));
}

function split(text, separator) {
  return distinct(text.split(separator || MARKS));
}

function distinct(pieces) {
  return [...new Set(pieces.map(strip))].filter((piece) => piece !== "");
}
