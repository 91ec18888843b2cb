// Fields that take files: chosen, dropped, pasted, recorded; some may be typed into as well.

import { offerCamera } from "./camera.js";
import { button, labelled, made } from "./made.js";
import { offerMicrophone } from "./microphone.js";

const WORDS = {
  picture: { hint: "Choose, drop or paste one." },
  sound: { hint: "Choose or drop one." },
  text: { choose: "Open a text file", hint: "Type, paste, or drop a file." },
  series: {
    choose: "Open a CSV file",
    hint: "Type numbers with commas between them, or drop a file.",
  },
};
const RECORDERS = { picture: offerCamera, sound: offerMicrophone };

/**
 * Return the field of a column whose cells are files, or may be.
 *
 * @param {string} name The column.
 * @param {object} asks `accept`; `typed` where text may be typed, or `records` what is recorded.
 */
export function fileField(name, { accept, typed, records, seconds, names = [] }) {
  const words = WORDS[typed ?? records];
  const chooser = made("input", { type: "file", accept, className: "chooser" });
  const area = typed
    ? made("textarea", { rows: typed === "text" ? 4 : 2, spellcheck: false })
    : null;
  const hint = names.length ? `${words.hint} Channels: ${names.join(", ")}.` : words.hint;
  const { element, problem, tell } = labelled(name, area ?? chooser, hint);
  const preview = made("div", { className: "preview" }),
    tools = made("div", { className: "tools" });
  const field = { name, element, tell, file: null, reading: null };
  const changed = () => element.dispatchEvent(new Event("change", { bubbles: true }));
  field.take = (file, shown = null) => {
    field.file = file;
    show(preview, file, shown, records, () => {
      field.take(null);
      changed();
      field.focus();
    });
    if (area !== null) area.disabled = file !== null;
    if (file === null) chooser.value = "";
  };
  if (area !== null) {
    chooser.setAttribute("aria-label", `${words.choose} for ${name}`);
    tools.append(chooser);
  }
  chooser.addEventListener(
    "change",
    () => chooser.files.length && takeFile(field, chooser.files[0], changed),
  );
  listen(element, field, changed);
  const takeRecorded = (file, shown) => {
    field.take(file, shown);
    changed();
  };
  if (records) RECORDERS[records](tools, { seconds, tell, take: takeRecorded });
  element.append(tools, preview, problem);
  return Object.assign(field, {
    value: async () => {
      await field.reading;
      return field.file ?? (area === null || area.value === "" ? null : area.value);
    },
    clear: () => {
      field.reading = null;
      field.take(null);
      if (area !== null) area.value = "";
      tell("");
    },
    focus: () => (area ?? chooser).focus(),
  });
}

/** Read a file; of several that are given one after the other, the last one counts. */
function takeFile(field, file, changed) {
  const reading = file.arrayBuffer().then((buffer) => {
    if (field.reading !== reading) return;
    field.take({ name: file.name, bytes: new Uint8Array(buffer) }, file);
    changed();
  });
  field.reading = reading;
}

/** Take files that are dropped on a field, or pasted while it has the focus. */
function listen(element, field, changed) {
  const over = (is) => element.classList.toggle("over", is);
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  element.addEventListener("dragleave", () => over(false));
  const take = (event, data) => {
    const [file] = data?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    takeFile(field, file, changed);
  };
  element.addEventListener("drop", (event) => {
    over(false);
    take(event, event.dataTransfer);
  });
  element.addEventListener("paste", (event) => take(event, event.clipboardData));
}

function show(preview, file, blob, records, remove) {
  for (const media of preview.querySelectorAll("img, audio")) URL.revokeObjectURL(media.src);
  preview.replaceChildren();
  if (file === null) return;
  const source = blob ?? new Blob([file.bytes]);
  const told = made("p", { textContent: `${file.name}, ${size(file.bytes.length)}` });
  if (records === "picture") {
    preview.append(
      made("img", { src: URL.createObjectURL(source), alt: `the picture ${file.name}` }),
    );
  } else if (records === "sound") {
    const player = made("audio", { controls: true, src: URL.createObjectURL(source) });
    player.setAttribute("aria-label", `the sound ${file.name}`);
    preview.append(player);
  }
  const away = button("Remove", remove);
  away.setAttribute("aria-label", `Remove ${file.name}`);
  preview.append(told, away);
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
