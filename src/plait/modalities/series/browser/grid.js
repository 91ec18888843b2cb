// Lays series on an even grid and averages long ones down, as `plait.modalities.series.grid` does.

import { roundHalfEven } from "../../cells.js";

const MOST_PLACES = 1_000_000,
  NEAR = 0.999;

/**
 * Interpolate steps of channels linearly onto a grid of distance `step`.
 *
 * @returns {object} `values` (NaN only in a channel without any value), and `seen`: whether a value
 *   was observed within one step of the place.
 */
export function laidOnGrid(values, times, step) {
  const seen = values.map((one) => one.map((value) => !Number.isNaN(value)));
  const whole = seen.every((one) => one.every(Boolean));
  let own = times,
    distance = step,
    grid;
  if (times === null || step <= 0) {
    if (whole) return { values, seen };
    own = grid = values.map((_, place) => place);
    distance = 1;
  } else {
    grid = gridOf(times, step);
    const even =
      grid.length === times.length &&
      grid.every(
        (place, at) => Math.abs(place - times[at]) <= 1e-3 * step + 1e-5 * Math.abs(times[at]),
      );
    if (even && whole) return { values, seen };
  }
  const columns = values[0].map((_, channel) => {
    const known = own.flatMap((time, at) =>
      seen[at][channel] ? [[time, values[at][channel]]] : [],
    );
    return interpolated(grid, known, distance);
  });
  const steps = (name) => grid.map((_, at) => columns.map((column) => column[name][at]));
  return { values: steps("values"), seen: steps("near") };
}

/** Average every `factor` steps; the last block may be shorter. */
export function averagedDown(values, factor) {
  if (factor <= 1) return values;
  const num = Math.ceil(values.length / factor);
  return Array.from({ length: num }, (_, block) => {
    const own = values.slice(block * factor, (block + 1) * factor);
    return own[0].map((__, channel) => {
      const sum = own.reduce((total, one) => Math.fround(total + one[channel]), 0);
      return sum / own.length;
    });
  });
}

function gridOf(times, step) {
  const first = times[0],
    last = times.at(-1);
  const num = Math.min(roundHalfEven((last - first) / step) + 1, MOST_PLACES);
  if (num <= 1) return times.slice(0, 1);
  return Array.from({ length: num }, (_, at) =>
    at === num - 1 ? last : first + at * ((last - first) / (num - 1)),
  );
}

function interpolated(grid, known, step) {
  if (!known.length) return { values: grid.map(() => NaN), near: grid.map(() => false) };
  const values = [],
    near = [];
  let after = 0;
  for (const place of grid) {
    while (after < known.length - 1 && known[after][0] < place) after += 1;
    const [right, high] = known[after],
      [left, low] = known[Math.max(after - 1, 0)];
    near.push(Math.min(Math.abs(right - place), Math.abs(left - place)) < NEAR * step);
    if (place >= right) values.push(Math.fround(high));
    else if (place <= left) values.push(Math.fround(low));
    else values.push(Math.fround(low + ((high - low) / (right - left)) * (place - left)));
  }
  return { values, near };
}
