// Runs the graphs by ONNX Runtime Web, in this page, on one thread.

import * as ort from "./onnxruntime/ort.wasm.bundle.min.mjs";

const WASM = new URL("./onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href;

/**
 * Open graphs.
 *
 * @param {Array} graphs Of `model.json`: each with the `file` that it is in.
 * @returns {Promise<Array>} For each what takes named arrays and gives `{outputs, latent}`,
 *   Float32Arrays; `latent` is empty where the graph does not tell it.
 */
export async function openGraphs(graphs) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: WASM };
  ort.env.logLevel = "error";
  const files = graphs.map(({ file }) => bytesOf(file)),
    runners = [];
  for (const [place, { folded }] of graphs.entries()) {
    const session = await ort.InferenceSession.create(await files[place], optionsOf(folded));
    runners.push((flat) => run(session, flat));
  }
  return runners;
}

/** Return a session's options; weights held in few bits are made floats once, where asked. */
function optionsOf(folded) {
  const extra = folded ? { session: { disable_quant_qdq: "1" } } : {};
  return { executionProviders: ["wasm"], extra };
}

async function bytesOf(file) {
  const found = await fetch(file);
  if (!found.ok) throw new Error(`${file} is not there (${found.status})`);
  return new Uint8Array(await found.arrayBuffer());
}

async function run(session, flat) {
  const tensor = ({ type, data, dims }) => new ort.Tensor(type, data, dims);
  const feeds = session.inputNames.map((name) => [name, tensor(flat[name])]);
  const { outputs, latent } = await session.run(Object.fromEntries(feeds));
  return { outputs: outputs.data, latent: latent?.data ?? new Float32Array(0) };
}
