// Series out of separated text, one row per step, as `plait.modalities.series.files` reads it.

import { CellError, strip } from "../../cells.js";
import { looksLikeNumbers, seriesOfColumns } from "./cells.js";

const DATED = /^(\d{4}-\d\d-\d\d|\d\d?:\d\d)/;

/** Return a file's series; null when it holds no step. Throws `CellError`. */
export function seriesOfCsv(bytes, timeColumn) {
  if (bytes.subarray(0, 4096).includes(0)) {
    throw new CellError("the file is not a series", "a .csv file of one row per step");
  }
  const lines = textOf(bytes)
    .split(/\r\n|\n|\r/)
    .filter((line) => strip(line) !== "");
  if (!lines.length) return null;
  const separator = separatorOf(lines[0]),
    cut = (line) => piecesOf(line, separator);
  const named = !looksLikeNumbers(firstNumbers(lines[0], separator));
  const comma = separator === ";" && lines.slice(1, 3).some((line) => line.includes(","));
  const rows = lines.slice(named ? 1 : 0).map(cut),
    width = cut(lines[0]).length;
  if (rows.some((row) => row.length !== width)) {
    throw new CellError(
      "the file cannot be read as a table of numbers",
      `${width} columns in every row`,
    );
  }
  const names = named ? cut(lines[0]) : Array.from({ length: width }, (_, place) => `f${place}`);
  if (new Set(names).size < names.length)
    throw new CellError("two channels of the series have one name");
  const plain = (piece) => (comma ? piece.replace(",", ".") : piece);
  const columns = new Map(names.map((name, place) => [name, rows.map((row) => plain(row[place]))]));
  if (!rows.length) return null;
  const dated = names.find((name) => rows.length && DATED.test(columns.get(name)[0]));
  const found = seriesOfColumns(columns, timeColumn || (names.length > 1 && dated) || "");
  return named || found === null ? found : { ...found, channels: [] };
}

function textOf(bytes) {
  const text = new TextDecoder("utf-8").decode(bytes);
  return text.includes("\ufffd") ? new TextDecoder("windows-1252").decode(bytes) : text;
}

function separatorOf(line) {
  const count = (mark) => line.split(mark).length;
  const best = [",", ";", "\t"].reduce((one, other) => (count(other) > count(one) ? other : one));
  return count(best) === 1 && strip(line).includes(" ") ? " " : best;
}

function piecesOf(line, separator) {
  const pieces = separator === " " ? strip(line).split(/[ \t]+/) : line.split(separator);
  return pieces.map((piece) => strip(piece).replace(/^"(.*)"$/, "$1"));
}

/** Return a line without its dates, so that a first line of values is told from names. */
function firstNumbers(line, separator) {
  const kept = piecesOf(line, separator).filter((piece) => !DATED.test(piece));
  return kept.map((piece) => piece.replaceAll(",", ".")).join(" ");
}
