// What codecs share: cells, text and rounding exactly as the Python codecs have them.

/** Something in a cell that the person can mend. */
export class CellError extends Error {
  /**
   * @param {string} what One sentence that names the problem.
   * @param {string} expected What would have been right; "" for nothing to add.
   */
  constructor(what, expected = "") {
    super(expected ? `${what}; expected ${expected}` : what);
    this.name = "CellError";
  }
}

const BLANKS = "\t\n\v\f\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
const ENDS = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g");
const INVISIBLE = " \\t\\n\\xad\\u180e\\u200b-\\u200f\\u2060-\\u2064\\ufeff";
const INVISIBLE_ENDS = new RegExp(`^[${INVISIBLE}]+|[${INVISIBLE}]+$`, "g");
const NULL_WORDS = new Set(["nan", "null", "n/a", "#n/a", "<na>"]);

/** Return a text without the blanks that Python's `str.strip` takes away. */
export function strip(text) {
  return text.replace(ENDS, "");
}

/** Tell whether a character is a blank to Python's `str.isspace`. */
export function isBlank(character) {
  return strip(character) === "";
}

/** Tell whether a cell holds nothing: no file, an empty or null word, or what none can see. */
export function isMissing(cell) {
  if (cell === null || cell === undefined) return true;
  if (typeof cell !== "string") return false;
  const text = strip(cell).replace(INVISIBLE_ENDS, "");
  return text === "" || NULL_WORDS.has(text.toLowerCase());
}

/** Return the first `num` characters (code points, as Python counts them) of a text. */
export function firstCharacters(text, num) {
  return text.length <= num ? text : [...text].slice(0, num).join("");
}

/** Round halves to the even neighbour, as Python and NumPy do. */
export function roundHalfEven(value) {
  const low = Math.floor(value),
    rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

const HALF_DIGITS = 2 ** 10,
  LEAST_HALF_POWER = -14,
  MOST_HALF = 65504;

/** Round a number to the nearest one of 16 bits (IEEE 754 binary16), halves to even. */
export function toHalf(value) {
  if (value === 0 || !Number.isFinite(value)) return value;
  const power = Math.max(Math.floor(Math.log2(Math.abs(value))), LEAST_HALF_POWER);
  const unit = 2 ** power / HALF_DIGITS;
  const rounded = roundHalfEven(value / unit) * unit;
  return Math.abs(rounded) > MOST_HALF ? Math.sign(value) * Infinity : rounded;
}

/** Return a part of a prepared value: numbers in a typed array, and the sizes of its axes. */
export function part(data, dims) {
  return { data, dims };
}

const MARKS = { "255,254": "utf-16le", "254,255": "utf-16be" };

/** Return the text of a file in UTF-8, or in UTF-16 that begins so. Throws `CellError`. */
export function textOf(bytes) {
  try {
    const kind = MARKS[bytes.subarray(0, 2).join()] ?? "utf-8";
    return new TextDecoder(kind, { fatal: true }).decode(bytes);
  } catch {
    throw new CellError("the text is not in UTF-8", "a file in UTF-8");
  }
}
