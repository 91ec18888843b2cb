// Records a sound by the microphone, sample by sample, as a WAV file.

import { endStream, streamOf } from "./devices.js";
import { button, made } from "./made.js";
import { wavOf } from "./wav-writer.js";

const NATURAL = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Add a button that records.
 *
 * @param {Element} tools Where it goes.
 * @param {object} asked `seconds` at most, `take(file, blob)`, and `tell(problem)`.
 */
export function offerMicrophone(tools, { seconds, take, tell }) {
  const told = made("span", { className: "hint" });
  told.setAttribute("role", "status");
  let stop = null;
  const toggle = button("Record", async () => {
    if (stop !== null) {
      stop();
      return;
    }
    tell("");
    try {
      const recording = await record(seconds);
      stop = recording.stop;
      toggle.textContent = "Stop";
      told.textContent = `Recording, at most ${seconds} s …`;
      const bytes = await recording.done;
      told.textContent = "";
      take({ name: "recording.wav", bytes }, new Blob([bytes], { type: "audio/wav" }));
    } catch (error) {
      tell(error.message);
    } finally {
      [stop, toggle.textContent, told.textContent] = [null, "Record", ""];
    }
  });
  tools.append(toggle, told);
}

/** Begin to record: `stop()` ends it, and `done` is a promise of a WAV file. */
async function record(seconds) {
  const stream = await streamOf("microphone", { audio: NATURAL });
  const context = new AudioContext(),
    chunks = [];
  await context.audioWorklet.addModule("recorder-worklet.js");
  const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  context.createMediaStreamSource(stream).connect(node);
  let stop;
  const ended = new Promise((done) => {
    stop = done;
  });
  const limit = setTimeout(stop, 1000 * seconds);
  node.port.onmessage = ({ data }) => chunks.push(data);
  const done = ended.then(async () => {
    clearTimeout(limit);
    endStream(stream);
    await context.close();
    return wavOf(chunks, context.sampleRate);
  });
  return { stop, done };
}
