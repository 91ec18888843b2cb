// Text in the browser: `read` and `prepare` of `plait.modalities.text.codec`.

import { CellError, firstCharacters, part, strip, textOf } from "../../cells.js";
import { BytePairs, LONGEST_PIECE, NOTHING } from "./bytepairs.js";

const DROPPED = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]/gu;
const FILE = /^\S{1,995}\.txt$/i;
const MOST_CHARACTERS = 1_000_000;

/** How a cell is asked for. */
export function field() {
  return { kind: "text", accept: ".txt,text/plain" };
}

/** Return the cleaned text of what was typed, or of a file; null for nothing. */
export function read(cell, codec) {
  if (typeof cell === "string" && FILE.test(strip(cell))) {
    throw new CellError("this is the name of a file", "its text, or the file dropped here");
  }
  const text = typeof cell === "string" ? cell : textOf(cell.bytes);
  if (text.length > MOST_CHARACTERS && [...text].length > MOST_CHARACTERS) {
    throw new CellError("the text is too long", `at most ${MOST_CHARACTERS} characters`);
  }
  const plain = text.replaceAll("\r\n", "\n").normalize("NFC").replace(DROPPED, "");
  return strip(firstCharacters(strip(plain), codec.max_characters)) || null;
}

/** Return `tokens`: numbers of pieces; and `bytes`: the text in UTF-8. */
export function prepare(raw, codec) {
  const folded = codec.fold_case ? raw.toLowerCase() : raw;
  const start = firstCharacters(folded, codec.max_tokens * LONGEST_PIECE);
  const found = piecesOf(codec).encode(start).slice(0, codec.max_tokens);
  const tokens = new Int32Array(found.length ? found : [NOTHING]);
  const bytes = new TextEncoder().encode(raw || " ");
  return { tokens: part(tokens, [tokens.length]), bytes: part(bytes, [bytes.length]) };
}

const known = new WeakMap();

function piecesOf(codec) {
  if (!known.has(codec)) known.set(codec, new BytePairs(codec.merges));
  return known.get(codec);
}
