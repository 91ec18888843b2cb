// The power of a probability, as `plait.model.temperature_scale` takes it.

const FLOOR = 1e-12;

/** Return a probability, kept from 0, to a power. */
export function powered(share, power) {
  return Math.min(Math.max(share, FLOOR), 1) ** power;
}

/** Return the same of what is left to 1. */
export function poweredRest(share, power) {
  const rest = 1 - Math.min(Math.max(share, FLOOR), 1);
  return Math.min(Math.max(rest, FLOOR), 1) ** power;
}
