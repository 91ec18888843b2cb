// Dates in the browser: what a form needs of `plait.modalities.date.codec`.
//
// Browsers ask for dates by fields of their own and tell them as 2024-03-01, 2024-03-01T07:05 or
// 07:05, whatever language they show: these forms are read here.

import { CellError, part, strip } from "../../cells.js";

const CLOCK = "(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2}(?:\\.\\d{1,9})?))?";
const DAY = "(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})";
const DATE = new RegExp(`^${DAY}(?:[T ]${CLOCK})?$`, "i"),
  TIME = new RegExp(`^${CLOCK}$`);
const DAY_SECONDS = 86400,
  LEAST_DAY = -719162,
  MOST_DAY = 2932896;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** How a cell is asked for. */
export function field({ clock, parts }) {
  const type = clock ? "time" : parts.includes("minutes") ? "datetime-local" : "date";
  return { kind: "moment", type };
}

/** Return seconds since 1970 began on the clock where it was written, or since midnight. */
export function read(cell, { clock }) {
  const text = typeof cell === "string" ? strip(cell) : "";
  const found = DATE.exec(text) ?? (clock ? TIME.exec(text) : null);
  const day = found?.groups.year === undefined ? 0 : dayOf(found.groups);
  const seconds = found === null ? null : secondsOf(found.groups);
  if (day === null || seconds === null) {
    throw new CellError(
      "not a date or time",
      clock ? "a time such as 12:30" : "a date such as 2024-03-01",
    );
  }
  return clock ? seconds % DAY_SECONDS : day * DAY_SECONDS + seconds;
}

/** Return `parts`: days since the first, year, month, day, weekday, minutes: those that vary. */
export function prepare(raw, { parts, clock, first, last }) {
  const found = takenApart(raw),
    years = [first, last].map((days) => takenApart(days * DAY_SECONDS).year);
  found.days = Math.min(Math.max(found.days, first), last) - first;
  found.year = Math.min(Math.max(found.year, years[0]), years[1]);
  const used = parts.length ? parts : [clock ? "minutes" : "days"];
  return { parts: part(new Float32Array(used.map((name) => found[name])), [used.length]) };
}

/** Return days since 1970; null where there is no such day. */
function dayOf({ year, month, day }) {
  const [y, m, d] = [year, month, day].map(Number);
  if (y < 1 || m < 1 || m > 12 || d < 1 || d > MONTH_DAYS[m - 1]) return null;
  const date = new Date(0);
  date.setUTCFullYear(y, m - 1, d);
  return date.getUTCMonth() === m - 1 ? date.getTime() / 1000 / DAY_SECONDS : null;
}

function secondsOf({ hour = "0", minute = "0", second = "0" }) {
  const [h, m, s] = [hour, minute, second].map(Number);
  const seconds = h * 3600 + m * 60 + s;
  return h > 24 || m > 59 || Math.floor(s) > 60 || seconds > DAY_SECONDS ? null : seconds;
}

function takenApart(seconds) {
  const least = LEAST_DAY * DAY_SECONDS,
    most = (MOST_DAY + 1) * DAY_SECONDS - 1;
  const kept = Math.min(Math.max(seconds, least), most),
    days = Math.floor(kept / DAY_SECONDS);
  const rest = kept - days * DAY_SECONDS,
    date = new Date(days * DAY_SECONDS * 1000);
  return {
    days: days + rest / DAY_SECONDS,
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
    minutes: rest / 60,
  };
}
