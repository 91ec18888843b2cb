// SHA-256 (FIPS 180-4), for pages without https, where browsers offer none.

const BLOCK = 64,
  LENGTH_BYTES = 8,
  WORD = 2 ** 32;
const [CONSTANTS, START] = constants();

/** Return the hash of bytes, in hexadecimal digits. */
export function sha256(bytes) {
  const size = Math.ceil((bytes.length + 1 + LENGTH_BYTES) / BLOCK) * BLOCK;
  const padded = new Uint8Array(size),
    view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(size - 8, Math.floor((bytes.length * 8) / WORD));
  view.setUint32(size - 4, (bytes.length * 8) % WORD);
  const state = Uint32Array.from(START);
  for (let place = 0; place < size; place += BLOCK) mix(state, view, place);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

function mix(state, view, start) {
  const words = new Uint32Array(64);
  for (let t = 0; t < 16; t += 1) words[t] = view.getUint32(start + 4 * t);
  for (let t = 16; t < 64; t += 1) {
    const [early, late] = [words[t - 15], words[t - 2]];
    const first = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[t] = words[t - 16] + first + words[t - 7] + second;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t += 1) {
    const sum = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const one = (h + sum + ((e & f) ^ (~e & g)) + CONSTANTS[t] + words[t]) >>> 0;
    const other = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) >>> 0, c, b, a, (one + other) >>> 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => {
    state[place] += word;
  });
}

function turned(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

/** Return the first bits of the fractions of roots of the first primes, cubic and square ones. */
function constants() {
  const primes = [];
  for (let one = 2; primes.length < 64; one += 1) {
    if (primes.every((prime) => one % prime)) primes.push(one);
  }
  const rooted = (degree) => (prime) => rootFraction(BigInt(prime), degree);
  return [primes.map(rooted(3n)), primes.slice(0, 8).map(rooted(2n))];
}

/** Return 32 bits of the fraction of a root, exactly: by halving among whole numbers. */
function rootFraction(number, degree) {
  const wanted = number << (32n * degree);
  let low = 0n,
    high = number << 32n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= wanted) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}
