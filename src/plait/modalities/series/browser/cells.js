// Series out of numbers, lists and objects, as `plait.modalities.series.cells` reads them.

import { CellError, strip } from "../../cells.js";

const TIME_NAMES = new Set([
  "",
  "time",
  "timestamp",
  "datetime",
  "date",
  "seconds",
  "t",
  "time_s",
  "time_ms",
]);
export const GAP_WORDS = new Set(["", "nan", "NaN", "NA", "na", "null", "None", "?"]);
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;
const LARGEST = 1e30,
  MOST_STEPS = 10_000_000,
  MOST_CHANNELS = 4096,
  LOOKED_AT = 200;

/** Tell whether a text begins with separated numbers and no words. */
export function looksLikeNumbers(text) {
  let pieces = text
    .slice(0, LOOKED_AT)
    .split(/[,;\s]+/)
    .filter((piece) => piece !== "");
  if (text.length > LOOKED_AT) pieces = pieces.slice(0, -1);
  const numbers = pieces.filter((piece) => !GAP_WORDS.has(piece));
  return numbers.length > 0 && numbers.every((piece) => NUMBER.test(piece));
}

/** Split numbers at ; or , or blanks; with both ; and , they are time and channel. */
export function splitNumbers(text) {
  const split = (line, mark) =>
    (mark === null ? strip(line).split(/\s+/) : line.split(mark)).map((piece) => strip(piece));
  if (text.includes(";") && text.includes(",")) {
    return text
      .replace(/^[; \t\r\n]+|[; \t\r\n]+$/g, "")
      .split(";")
      .map((step) => split(step, ","));
  }
  const mark = [";", ","].find((one) => text.includes(one)) ?? null;
  return split(mark !== null && text.endsWith(mark) ? text.slice(0, -1) : text, mark);
}

/** Make a series of numbers, of steps of channels, of records, or of channel -> numbers. */
export function seriesOfObject(value, timeColumn) {
  if (!Array.isArray(value)) return seriesOfColumns(new Map(Object.entries(value)), timeColumn);
  const [first] = value,
    isRecord = typeof first === "object" && first !== null && !Array.isArray(first);
  if (isRecord) {
    const names = Object.keys(first);
    const columns = names.map((name) => [name, value.map((record) => record[name] ?? null)]);
    return seriesOfColumns(new Map(columns), timeColumn);
  }
  return makeSeries(
    value.map((step) => (Array.isArray(step) ? step : [step]).map(numberOf)),
    null,
    [],
  );
}

/** Make a series of named columns, one of which may be the time. */
export function seriesOfColumns(columns, timeColumn) {
  const time = timeName(columns, timeColumn),
    names = [...columns.keys()].filter((name) => name !== time);
  const lengths = new Set(
    [...columns.values()].map((column) => (Array.isArray(column) ? column.length : -1)),
  );
  if (!names.length || lengths.size !== 1 || lengths.has(-1)) {
    throw new CellError(
      "the channels of a series do not fit together",
      "channels that are all of one length",
    );
  }
  const [length] = lengths;
  const values = Array.from({ length }, (_, step) =>
    names.map((name) => numberOf(columns.get(name)[step])),
  );
  const times = time === null ? null : columns.get(time).map(secondsOf);
  return makeSeries(values, times, names);
}

function timeName(columns, timeColumn) {
  if (timeColumn) {
    if (columns.has(timeColumn)) return timeColumn;
    throw new CellError("the series lacks its time column", timeColumn);
  }
  if (columns.size < 2) return null;
  return [...columns.keys()].find((name) => TIME_NAMES.has(strip(name).toLowerCase())) ?? null;
}

/** Check numbers and wrap them; null when there is no step. Rows are sorted by time. */
function makeSeries(values, times, channels) {
  if (!values.length || !values[0].length) return null;
  const width = values[0].length;
  if (values.length > MOST_STEPS || width > MOST_CHANNELS) {
    throw new CellError("the series is too large", `at most ${MOST_STEPS} steps`);
  }
  if (values.some((step) => step.length !== width)) {
    throw new CellError(
      "the cell does not hold a series of numbers",
      "steps that are all of one length",
    );
  }
  const known = values.flat().filter((value) => !Number.isNaN(value));
  if (!known.length)
    throw new CellError("every value of the series is missing", "at least one number");
  if (known.some((value) => Math.abs(value) > LARGEST)) {
    throw new CellError(
      "a value of the series is infinite or too large",
      "numbers below 1e30 in size",
    );
  }
  const rounded = values.map((step) => step.map(Math.fround));
  if (times === null) return { values: rounded, times, channels };
  if (!times.every(Number.isFinite)) {
    throw new CellError("a time in the series is missing or infinite", "finite times");
  }
  const order = [...times.keys()].sort((one, other) => times[one] - times[other] || one - other);
  const kept = order.filter((place, at) => at === 0 || times[place] !== times[order[at - 1]]);
  const at = (list) => kept.map((place) => list[place]);
  return { values: at(rounded), times: at(times), channels };
}

/** Return a number, or NaN for a gap. Throws `CellError` for anything else. */
export function numberOf(value) {
  if (value === null || value === undefined) return NaN;
  if (typeof value === "number") return value;
  const text = typeof value === "string" ? strip(value) : "?!";
  if (GAP_WORDS.has(text)) return NaN;
  if (NUMBER.test(text)) return Number(text);
  throw new CellError(`'${text}' in the series is not a number`, "numbers");
}

/** Return a time as it is, or a date in seconds since 1970 (without a zone: as in UTC). */
function secondsOf(value) {
  const text = String(value ?? "");
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return numberOf(value);
  const plain = text.trim().replace(" ", "T"),
    dated = plain.includes("T") ? plain : `${plain}T00:00`;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(dated.slice(10)) ? dated : `${dated}Z`;
  return Date.parse(zoned) / 1000;
}
