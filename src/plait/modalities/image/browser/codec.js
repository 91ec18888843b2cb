// Pictures in the browser: `read` and `prepare` of `plait.modalities.image.codec`.
//
// PNG is read exactly as Python reads it. Other files are decoded by the browser, whose decoders
// round otherwise, and may differ by a few shades.

import { CellError, part } from "../../cells.js";
import { drawn, readsBackWhatItDraws } from "./drawn.js";
import { fitted, greyOf, onWhite, reduced, thumbnail, upright } from "./pixels.js";
import { decodePng, isPng } from "./png.js";

const LONGEST_PX = 1024,
  USUAL_PX = 64,
  MOST_PIXELS = 64_000_000;
const SCALES = [8, 4, 2, 1];

/** How a cell is asked for. */
export function field() {
  return { kind: "file", accept: "image/*", records: "picture" };
}

/** Return what is to be said of this browser; null for nothing. */
export function note() {
  if (readsBackWhatItDraws()) return null;
  return (
    "This browser changes the pictures that pages read, to protect you: answers to JPEG and " +
    "other files than PNG may be a little off."
  );
}

/** Return a file's picture, upright on white, RGB: `{width, height, data}`. Throws `CellError`. */
export async function read(cell, { canvas_px: canvas = 0 }) {
  if (typeof cell === "string") throw new CellError("not a picture", "a picture file");
  const own = canvas > 0;
  if (isPng(cell.bytes)) {
    const found = await decodePng(cell.bytes, MOST_PIXELS);
    const picture = upright(onWhite(found), found.orientation);
    return own ? picture : thumbnail(picture, LONGEST_PX);
  }
  const picture = onWhite(await drawn(cell.bytes, MOST_PIXELS));
  return own ? picture : thumbnail(drafted(picture, cell.bytes), LONGEST_PX);
}

/** Return `pixels` in a square, and where the codec has one, the finer `canvas` with its frame. */
export function prepare(picture, codec) {
  const size = codec.size_px || USUAL_PX,
    { grey, canvas_px: longest = 0, canvas = [] } = codec;
  const laid = (found) => {
    const data = grey ? greyOf(found.data) : found.data;
    return part(data, [found.height, found.width, grey ? 1 : 3]);
  };
  const parts = { pixels: laid(fitted(picture, size, size)) };
  if (!longest) return parts;
  const [high, wide] = canvas.length ? canvas : [longest, longest];
  const found = fitted(picture, wide, high);
  const frame = [
    found.inner[0] / wide,
    0,
    found.left / wide,
    0,
    found.inner[1] / high,
    found.top / high,
  ];
  return {
    ...parts,
    canvas: laid(found),
    frame: part(new Float32Array(frame), [2, 3]),
    size: part(new Float32Array([picture.width, picture.height]), [2]),
  };
}

/** Return a large JPEG averaged by 2, 4 or 8, where Pillow decodes one at a part of its size. */
function drafted(picture, bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return picture;
  const times = Math.min(
    ...[picture.width, picture.height].map((side) => Math.floor(side / LONGEST_PX)),
  );
  const scale = SCALES.find((one) => times >= one) ?? 1;
  return reduced(picture, scale, scale);
}
