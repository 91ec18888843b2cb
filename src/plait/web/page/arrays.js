// Arrays in base64, and a little linear algebra in float64.

/** Return the float64 numbers of a base64 text, little-endian; undefined where it is none. */
export function doublesOf(text) {
  const bytes = bytesOf(text);
  if (bytes === undefined || bytes.length % 8) return undefined;
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** Return the float32 numbers of a base64 text, little-endian, as float64. */
export function floatsOf(text) {
  const view = new DataView(bytesOf(text).buffer);
  return Float64Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Return float64 numbers as base64, little-endian. */
export function textOf(numbers) {
  const view = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((number, i) => view.setFloat64(8 * i, number, true));
  let found = "";
  for (const byte of new Uint8Array(view.buffer)) found += String.fromCharCode(byte);
  return btoa(found);
}

function bytesOf(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Return a flat array as its rows, each of so many numbers. */
export function rowsOf(numbers, width) {
  const num = width ? numbers.length / width : 0;
  return Array.from({ length: num }, (_, row) => numbers.subarray(row * width, (row + 1) * width));
}

/** Return the sum of products. */
export function dot(first, second) {
  let total = 0;
  for (let i = 0; i < first.length; i += 1) total += first[i] * second[i];
  return total;
}

/** Return X of A X = B for a symmetric positive matrix A, by Cholesky; rows are arrays. */
export function solved(matrix, right) {
  const size = matrix.length,
    lower = matrix.map((row) => Float64Array.from(row));
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let rest = lower[i][j];
      for (let k = 0; k < j; k += 1) rest -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(rest) : rest / lower[j][j];
    }
  }
  const found = right.map((row) => Float64Array.from(row));
  const width = found[0].length;
  for (let column = 0; column < width; column += 1) {
    for (let i = 0; i < size; i += 1) {
      for (let k = 0; k < i; k += 1) found[i][column] -= lower[i][k] * found[k][column];
      found[i][column] /= lower[i][i];
    }
    for (let i = size - 1; i >= 0; i -= 1) {
      for (let k = i + 1; k < size; k += 1) found[i][column] -= lower[k][i] * found[k][column];
      found[i][column] /= lower[i][i];
    }
  }
  return found;
}
