// Sounds that the browser itself decodes: MP3, OGG, AAC and whatever else it knows.

import { CellError } from "../../cells.js";
import { rateOf } from "./rates.js";

/**
 * Return a file's sound at its own rate where that is known, else at the one that is wanted:
 * `{rate, length, channels}`. Throws `CellError`.
 */
export async function decodedByBrowser(bytes, rate) {
  if (typeof OfflineAudioContext !== "function") {
    throw new CellError("only WAV can be decoded here", "a WAV file, or a browser");
  }
  let sound;
  try {
    const context = new OfflineAudioContext({ length: 1, sampleRate: rateOf(bytes) ?? rate });
    sound = await context.decodeAudioData(Uint8Array.from(bytes).buffer);
  } catch {
    throw new CellError(
      "the sound cannot be decoded",
      "a whole sound file that this browser plays",
    );
  }
  const channels = Array.from({ length: sound.numberOfChannels }, (_, one) =>
    sound.getChannelData(one),
  );
  return { rate: sound.sampleRate, length: sound.length, channels };
}
