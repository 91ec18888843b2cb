// Numbers in the browser: what a form needs of `plait.modalities.number.codec`.
//
// A number is read by the column's own signs, with `<` or `>` before it, and with the column's unit
// or none behind it. Other units are not converted here, and words for nothing are those that the
// column's settings name: who has nothing to tell leaves the field empty.

import { CellError, part, strip } from "../../cells.js";

const PLAIN = /^-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?$/;
const WRITTEN = new RegExp(
  "^(?:(?<mark><=|=<|<|\u2264|>=|=>|>|\u2265)\\s*)?(?<sign>[+-])?\\s*" +
    "(?<digits>\\d+(?:[.,' ]\\d+)*\\.?|[.,]\\d+)(?:e(?<power>[+-]?\\d{1,3})(?![\\w]))?" +
    "\\s*(?<unit>[^\\d\\s].*)?$",
  "i",
);
const SAME = [
  [/[\u00a0\u2002\u2003\u2007-\u200a\u202f\u3000]/g, " "],
  [/[\u2212\u2010\u2011\u2013\ufe63\uff0d]/g, "-"],
  [/[\u2019\u02bc\u2018]/g, "'"],
  [/[\u200b\u200e\u200f\u2060\ufeff]/g, ""],
];
const LARGEST = 1e30,
  MOST_CHARACTERS = 60,
  LEAST_OF_LOG = 1e-30;

/** How a cell is asked for. */
export function field({ unit, decimal, low, high }) {
  const usual = [low, high].every(Number.isFinite) ? [low, high] : null;
  return { kind: "number", unit, usual, example: decimal === "," ? "3,5" : "3.5" };
}

/** Return `{value, side}`: side -1 or 1 where the truth is at most, or at least, so much. */
export function read(cell, codec) {
  if (typeof cell !== "string") throw new CellError("not a number", "a number");
  const decimal = codec.decimal || ".",
    text = strip(cell);
  if (decimal === "." && PLAIN.test(cell)) return inRange(Number(cell), 0);
  const word = text.toLowerCase();
  if (codec.null_words.includes(word)) return null;
  if (codec.below_words.includes(word)) return limit(codec.floor, -1);
  if (codec.above_words.includes(word)) return limit(codec.ceiling, 1);
  const found = text.length > MOST_CHARACTERS ? null : WRITTEN.exec(plainSigns(text));
  if (found === null) throw new CellError("not a number", "a number");
  const { mark = "", sign, digits, power = "0", unit = "" } = found.groups;
  if (unit && plainUnit(unit) !== plainUnit(codec.unit)) {
    const wanted = codec.unit ? `a number in ${codec.unit}` : "a number without a unit";
    throw new CellError(`the unit '${unit}' is not that of the column`, wanted);
  }
  const value = toNumber(digits, Number(power), decimal, codec.thousands);
  if (value === null)
    throw new CellError("the number's signs are not those of its column", signs(codec));
  return inRange(sign === "-" ? -value : value, sideOf(mark));
}

/** Return `value`, clipped and standardised, `exact`, and `limit` where limits occur. */
export function prepare({ value, side }, codec) {
  const { low, high, log, mean, scale, marked } = codec;
  let inner = Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
  if (log) inner = Math.log(Math.max(inner, LEAST_OF_LOG));
  const one = (number) => part(new Float32Array([number]), [1]);
  const parts = { value: one((inner - mean) / scale), exact: one(value) };
  return marked ? { ...parts, limit: one(side) } : parts;
}

function plainSigns(text) {
  return strip(SAME.reduce((found, [other, plain]) => found.replace(other, plain), text));
}

function plainUnit(unit) {
  return unit
    .replace(/\s+/g, "")
    .replace(/\u03bc/g, "\u00b5")
    .replace(/\u00ba/g, "\u00b0")
    .replace(/\.+$/, "");
}

function sideOf(mark) {
  if (mark === "") return 0;
  return mark.includes("<") || mark === "\u2264" ? -1 : 1;
}

function limit(value, side) {
  return value === null ? null : { value, side };
}

function inRange(value, side) {
  if (!(Math.abs(value) <= LARGEST)) throw new CellError("the number is too large", "below 1e30");
  return { value, side };
}

function signs({ decimal, thousands }) {
  return `decimal sign '${decimal || "."}'${thousands ? `, thousands by '${thousands}'` : ""}`;
}

/** Return digits with separators as a number; null where they do not fit the column's signs. */
function toNumber(digits, power, decimal, thousands) {
  const once = (digits.match(/\./g) ?? []).length === 1;
  const text = once ? digits.replace(/\.$/, "") : digits;
  let separators = [...text].filter((sign) => sign < "0" || sign > "9");
  let whole = text,
    fraction = "";
  const last = separators.at(-1);
  if (
    last !== undefined &&
    decimal.includes(last) &&
    separators.filter((s) => s === last).length === 1
  ) {
    [whole, fraction] = text.split(last);
    separators = separators.slice(0, -1);
  }
  if (separators.length) {
    const [sign] = separators,
      alike = separators.every((one) => one === sign);
    if (!alike || !thousands.includes(sign) || !grouped(whole, sign)) return null;
    whole = whole.replaceAll(sign, "");
  }
  return Number(`${whole || "0"}.${fraction || "0"}e${power}`);
}

/** Tell whether digits are grouped in threes, or as in India (12,34,567). */
function grouped(whole, sign) {
  const groups = whole.split(sign),
    first = groups[0],
    middle = groups.slice(1, -1);
  const pairs = first.length < 3 && middle.every((group) => group.length === 2);
  const threes = middle.every((group) => group.length === 3);
  const ends = groups.at(-1).length === 3 && first.length >= 1 && first.length <= 3;
  return ends && (threes || pairs);
}
