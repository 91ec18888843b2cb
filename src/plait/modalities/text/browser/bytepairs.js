// Byte-pair tokens over UTF-8 bytes, as `plait.modalities.text.bytepairs` cuts them.

import { isBlank } from "../../cells.js";

export const NOTHING = 0,
  LONGEST_PIECE = 16;

const NOTHING_PIECE = "<nothing>";
const WORDS = new RegExp(
  "'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\\t-\\r A-Za-z0-9]+" +
    "|[\\t-\\r ]+(?![^\\t-\\r ])|[\\t-\\r ]+",
  "g",
);

/** Return a printable character per byte, as GPT-2 writes bytes in vocabularies. */
function byteNames() {
  const printable = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(printable(byte) ? byte : next++),
  );
}

/** Return an ASCII character of a character's kind: letter, number, blank or other. */
function plainly(character) {
  if (character < "\x80") return character;
  if (isBlank(character)) return "\n";
  if (/\p{L}/u.test(character)) return "a";
  return /\p{N}/u.test(character) ? "1" : "!";
}

/** Cuts texts into tokens: `NOTHING`, the bytes in order of their names, then the merges. */
export class BytePairs {
  /** @param {string} merges One `left right` per line, the first first. */
  constructor(merges) {
    const pairs = merges === "" ? [] : merges.split("\n").map((line) => line.split(" "));
    const bytes = byteNames();
    const names = [
      NOTHING_PIECE,
      ...[...bytes].sort(),
      ...pairs.map(([left, right]) => left + right),
    ];
    const numbers = new Map([...new Set(names)].map((name, number) => [name, number]));
    this.ofByte = bytes.map((name) => numbers.get(name));
    this.merged = new Map();
    pairs.forEach(([left, right], rank) => {
      const key = `${numbers.get(left)} ${numbers.get(right)}`;
      this.merged.set(key, { rank, token: numbers.get(left + right) });
    });
    this.known = new Map();
  }

  /** Return the tokens of a text, which begins with a blank if it has none; [] when empty. */
  encode(text) {
    if (text === "") return [];
    const characters = [...(text.startsWith(" ") ? text : ` ${text}`)];
    const found = [];
    for (const { 0: word, index } of characters.map(plainly).join("").matchAll(WORDS)) {
      found.push(...this.cut(characters.slice(index, index + word.length).join("")));
    }
    return found;
  }

  /** Return a word's tokens: the earliest learned pair, the leftmost of equals, merged first. */
  cut(word) {
    if (this.known.has(word)) return this.known.get(word);
    const tokens = Array.from(new TextEncoder().encode(word), (byte) => this.ofByte[byte]);
    for (;;) {
      let best = null,
        place = -1;
      for (let at = 0; at + 1 < tokens.length; at += 1) {
        const found = this.merged.get(`${tokens[at]} ${tokens[at + 1]}`);
        if (found !== undefined && (best === null || found.rank < best.rank)) {
          [best, place] = [found, at];
        }
      }
      if (best === null) break;
      tokens.splice(place, 2, best.token);
    }
    this.known.set(word, tokens);
    return tokens;
  }
}
