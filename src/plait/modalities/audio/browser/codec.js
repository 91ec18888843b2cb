// Sounds in the browser: `read` and `prepare` of `plait.modalities.audio.codec`.
//
// WAV is read sample by sample as Python reads it. Other files are decoded by the browser, whose
// decoders round otherwise.

import { CellError, part, toHalf } from "../../cells.js";
import { decodedByBrowser } from "./decoded.js";
import { resampled } from "./resample.js";
import { logMel } from "./spectrum.js";
import { isWav, readWav } from "./wav.js";

const MEAN = -6.0,
  SCALE = 2.5,
  USUAL_SECONDS = 10;
const MOST_RATE_HZ = 10_000_000,
  MOST_SECONDS = 3600;

/** How a cell is asked for. */
export function field({ max_seconds: most }) {
  const seconds = most || USUAL_SECONDS;
  return { kind: "file", accept: "audio/*,.wav", records: "sound", seconds };
}

/** Return a file's sound, one channel at the codec's rate, in [-1, 1]. Throws `CellError`. */
export async function read(cell, { rate_hz: rate, max_seconds: most }) {
  if (typeof cell === "string") throw new CellError("not a sound", "a sound file");
  const seconds = most || USUAL_SECONDS;
  const wav = isWav(cell.bytes);
  const found = wav ? readWav(cell.bytes, seconds) : await decodedByBrowser(cell.bytes, rate);
  if (
    !(found.rate >= 1 && found.rate <= MOST_RATE_HZ) ||
    found.length > MOST_SECONDS * found.rate
  ) {
    throw new CellError("the sound is too long", `at most ${MOST_SECONDS} seconds`);
  }
  const num = Math.min(found.length, Math.trunc(seconds * found.rate) + 1);
  const mono = mixed(found.channels, num);
  if (!mono.length) throw new CellError("the sound is empty", "at least one sample");
  if (!mono.every(Number.isFinite)) {
    throw new CellError("the sound has samples that are not finite", "finite samples");
  }
  const wave = resampled(mono, found.rate, rate);
  const own = wave.length ? wave : new Float32Array(1);
  return own.map((value) => Math.min(Math.max(value, -1), 1));
}

/** Return `mel`: the log-mel spectrogram, shifted and scaled, in steps of 16-bit numbers. */
export function prepare(raw, { rate_hz: rate, max_seconds: most, num_mels: num }) {
  const wave = raw.subarray(0, Math.trunc((most || USUAL_SECONDS) * rate));
  const { frames, values } = logMel(wave, rate, num);
  return {
    mel: part(
      values.map((value) => toHalf((value - MEAN) / SCALE)),
      [frames, num],
    ),
  };
}

/** Return the mean of channels, of the first `num` samples. */
function mixed(channels, num) {
  const [first] = channels;
  if (channels.length === 1) return first.subarray(0, num);
  return Float32Array.from({ length: num }, (_, at) => {
    const sum = channels.reduce((total, channel) => Math.fround(total + channel[at]), 0);
    return sum / channels.length;
  });
}
