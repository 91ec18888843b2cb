// Cameras and microphones: asked for when they are wanted, and told of plainly where there is none.

const REASONS = {
  NotAllowedError: (what) =>
    `The ${what} may not be used here: the browser was told not to allow it.`,
  NotFoundError: (what) => `There is no ${what} here: choose a file instead.`,
  NotReadableError: (what) => `The ${what} is used by another program: choose a file instead.`,
};

/** Return a stream of what is wanted. Throws an `Error` that says why there is none. */
export async function streamOf(what, constraints) {
  if (navigator.mediaDevices === undefined) {
    throw new Error(`The ${what} works only over https or on localhost: choose a file instead.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const say = REASONS[error.name] ?? (() => `The ${what} cannot be used: ${error.message}`);
    throw new Error(say(what));
  }
}

/** End a stream: the light of the camera goes out. */
export function endStream(stream) {
  stream.getTracks().forEach((track) => track.stop());
}
