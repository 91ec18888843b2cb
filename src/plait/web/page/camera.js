// Takes a picture by the camera, kept without loss.

import { endStream, streamOf } from "./devices.js";
import { button, made } from "./made.js";

/**
 * Add a button that takes pictures.
 *
 * @param {Element} tools Where it goes.
 * @param {object} asked `take(file, blob)`, and `tell(problem)`.
 */
export function offerCamera(tools, { take, tell }) {
  const open = button("Use the camera", () => show(tools, open, take, tell));
  tools.append(open);
}

async function show(tools, open, take, tell) {
  tell("");
  let stream;
  try {
    stream = await streamOf("camera", { video: { facingMode: "environment" } });
  } catch (error) {
    tell(error.message);
    return;
  }
  const video = made("video", { muted: true, playsInline: true, srcObject: stream });
  video.setAttribute("aria-label", "what the camera sees");
  const panel = made("div", { className: "panel" });
  const close = () => {
    endStream(stream);
    panel.remove();
    open.hidden = false;
    open.focus();
  };
  const shoot = button("Take the picture", async () => {
    const blob = await pictureOf(video);
    close();
    take({ name: "picture.png", bytes: new Uint8Array(await blob.arrayBuffer()) }, blob);
  });
  panel.append(video, shoot, button("Cancel", close));
  open.hidden = true;
  tools.append(panel);
  await video.play();
  shoot.focus();
}

function pictureOf(video) {
  const canvas = made("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((done) => {
    canvas.toBlob(done, "image/png");
  });
}
