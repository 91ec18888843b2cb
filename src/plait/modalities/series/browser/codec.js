// Series in the browser: `read` and `prepare` of `plait.modalities.series.codec`.

import { CellError, part, strip } from "../../cells.js";
import { averagedDown, laidOnGrid } from "./grid.js";
import { seriesOfCsv } from "./csv.js";
import { looksLikeNumbers, seriesOfObject, splitNumbers } from "./cells.js";

const MOST_SCALED = 1e4,
  SMALLEST_SPREAD = 1e-3,
  LEAST_STEPS = 64;

/** How a cell is asked for. */
export function field({ channels, num_channels: num, num_steps: steps, pool }) {
  const names = channels.length ? channels : num > 1 ? [`${num} channels`] : [];
  return { kind: "series", accept: ".csv,.tsv,.txt,text/csv", names, steps: steps * pool };
}

/** Return `{values, times, channels}`, values by time and channel. Throws `CellError`. */
export function read(cell, codec) {
  const found =
    typeof cell === "string" ? ofText(cell, codec) : seriesOfCsv(cell.bytes, codec.time_column);
  return found === null || !codec.num_channels ? found : aligned(found, codec);
}

/** Return `values` on the grid and scaled, their `moments`, and what was `seen` if gaps occur. */
export function prepare(raw, codec) {
  const series = aligned(raw, codec),
    num = series.values[0].length;
  const { values, seen } = laidOnGrid(series.values, series.times, codec.step);
  const most = Math.min(codec.max_steps, Math.max(LEAST_STEPS, 2 * codec.num_steps));
  const factor = Math.max(codec.pool, Math.ceil(values.length / most));
  const short = averagedDown(values, factor),
    dims = [short.length, num];
  const scaled = Float32Array.from(short.flat(), (value, at) => {
    const mean = codec.means[at % num] ?? 0,
      scale = codec.scales[at % num] ?? 1;
    const one = (value - mean) / scale;
    return Number.isNaN(one) ? 0 : Math.min(Math.max(one, -MOST_SCALED), MOST_SCALED);
  });
  const parts = { values: part(scaled, dims), moments: part(momentsOf(scaled, num), [num, 2]) };
  if (!codec.gaps) return parts;
  const there = averagedDown(
    seen.map((step) => step.map(Number)),
    factor,
  );
  const known = Uint8Array.from(there.flat(), (share) => (share >= 0.5 ? 1 : 0));
  return { ...parts, seen: part(known, dims) };
}

function ofText(cell, { time_column: time }) {
  const text = strip(cell);
  if (text.startsWith("[") || text.startsWith("{")) return seriesOfObject(parsed(text), time);
  if (looksLikeNumbers(text)) return seriesOfObject(splitNumbers(text), time);
  throw new CellError("the cell is not a series", "numbers such as 1, 2, 3");
}

function parsed(text) {
  try {
    return JSON.parse(text.replace(/\bNaN\b/g, "null"));
  } catch {
    throw new CellError("the cell is not valid JSON", "[1, 2, 3], or an object of lists");
  }
}

/** Bring the channels into the order of training. Throws `CellError` when they differ. */
function aligned(series, { channels, num_channels: num }) {
  const own = series.channels;
  if (channels.length && own.length && own.join("\n") !== channels.join("\n")) {
    const unknown = own.filter((name) => !channels.includes(name));
    if (unknown.length) {
      throw new CellError(
        `the series has channels that training did not see: ${unknown.join(", ")}`,
        channels.join(", "),
      );
    }
    const places = channels.map((name) => own.indexOf(name));
    const values = series.values.map((step) =>
      places.map((place) => (place < 0 ? NaN : step[place])),
    );
    return { ...series, values, channels };
  }
  const wanted = Math.max(num, 1),
    found = series.values[0].length;
  if (found !== wanted) {
    throw new CellError(
      `the series has ${found} channels`,
      `${wanted}, as in training; time first`,
    );
  }
  return series;
}

/** Return mean and log spread of each channel. */
function momentsOf(values, num) {
  const steps = values.length / num,
    out = new Float32Array(2 * num);
  for (let channel = 0; channel < num; channel += 1) {
    const own = Array.from({ length: steps }, (_, step) => values[step * num + channel]);
    const mean = own.reduce((sum, value) => sum + value, 0) / steps;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / steps;
    out[2 * channel] = mean;
    out[2 * channel + 1] = Math.log(Math.sqrt(variance) + SMALLEST_SPREAD);
  }
  return out;
}
