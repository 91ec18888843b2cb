// Pictures that the browser itself decodes: JPEG, WebP, GIF, BMP and whatever else it knows.

import { CellError } from "../../cells.js";

const OPTIONS = {
  imageOrientation: "from-image",
  premultiplyAlpha: "none",
  colorSpaceConversion: "none",
};

/** Return a file's picture, upright: `{width, height, rgba}`. Throws `CellError`. */
export async function drawn(bytes, mostPixels) {
  if (typeof createImageBitmap !== "function") {
    throw new CellError("only PNG can be decoded here", "a PNG file, or a browser");
  }
  let picture;
  try {
    picture = await createImageBitmap(new Blob([bytes]), OPTIONS);
  } catch {
    throw new CellError(
      "the picture cannot be decoded",
      "a whole picture file that this browser shows",
    );
  }
  const { width, height } = picture;
  if (width * height > mostPixels) {
    throw new CellError("the picture is too large", `at most ${mostPixels} pixels`);
  }
  const context = contextOf(width, height);
  context.drawImage(picture, 0, 0);
  picture.close();
  return { width, height, rgba: context.getImageData(0, 0, width, height).data };
}

const PROBE = [
  [12, 200, 77],
  [255, 0, 128],
  [3, 3, 3],
  [90, 91, 92],
];

/**
 * Tell whether this browser gives back the pixels that were drawn. Some change them at random, so
 * that nobody is told apart by them: what they decode is then not quite what was in the file.
 */
export function readsBackWhatItDraws() {
  const context = contextOf(PROBE.length, 1);
  PROBE.forEach((shade, place) => {
    context.fillStyle = `rgb(${shade.join(",")})`;
    context.fillRect(place, 0, 1, 1);
  });
  const { data } = context.getImageData(0, 0, PROBE.length, 1);
  return PROBE.flat().every(
    (value, place) => data[4 * Math.floor(place / 3) + (place % 3)] === value,
  );
}

function contextOf(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.getContext("2d", { willReadFrequently: true });
}
