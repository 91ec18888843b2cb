// The page: asks for the columns, answers, and keeps itself for when there is no network.

import { fieldOf } from "./fields.js";
import { notesOn } from "./notes.js";
import { answerOf } from "./predictor.js";
import { openGraphs } from "./runtime.js";
import { showAnswer } from "./shown.js";
import { Teacher } from "./teach.js";

const byId = (id) => document.getElementById(id);
const SOON_MS = 150;

/** Load the model, build the form, and answer from then on. */
export async function start() {
  const facts = await (await fetch("model.json")).json();
  const graphs = openGraphs(facts.graphs);
  const [codecs, form] = await Promise.all([
    modulesOf(facts),
    import(`./forms/${facts.answer.form}.js`),
  ]);
  const asks = facts.columns.map(({ modality, codec }) => codecs[modality].field(codec));
  const fields = facts.columns.map(({ name }, place) => fieldOf(name, asks[place]));
  byId("fields").replaceChildren(...fields.map((field) => field.element));
  const page = { facts, codecs, form, fields, runners: await graphs, asked: 0, waiting: 0 };
  page.teacher = facts.learning === null ? null : new Teacher(facts, () => answer(page));
  await page.teacher?.open();
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    answer(page);
  });
  byId("ask").addEventListener("reset", () => clear(page));
  byId("fields").addEventListener("change", () => {
    clearTimeout(page.waiting);
    page.waiting = setTimeout(() => answer(page), SOON_MS);
  });
  byId("notes").textContent = notesOn(asks, Object.values(codecs)).join(" ");
  byId("ask").hidden = false;
  say("Ready. Give what you have; fields may stay empty.", "ready");
  await keepForLater();
}

async function modulesOf({ columns }) {
  const names = [...new Set(columns.map(({ modality }) => modality))];
  const found = await Promise.all(names.map((name) => import(`./codecs/${name}/codec.js`)));
  return Object.fromEntries(names.map((name, place) => [name, found[place]]));
}

/** Answer what stands in the fields; an answer that comes after a later question is dropped. */
async function answer(page) {
  clearTimeout(page.waiting);
  page.asked += 1;
  const number = page.asked,
    begun = performance.now();
  page.fields.forEach((field) => field.tell(""));
  const given = page.fields.map(async (field) => [field.name, await field.value()]);
  const cells = Object.fromEntries(await Promise.all(given));
  if (number !== page.asked) return;
  if (Object.values(cells).every((cell) => cell === null)) {
    byId("answer").hidden = true;
    say("There is nothing to answer yet: fill in one field or more.", "empty");
    return;
  }
  say("Answering …", "busy");
  try {
    const learner = page.teacher?.learner ?? null;
    const found = await answerOf(page.facts, page.codecs, page.form, page.runners, cells, learner);
    if (number !== page.asked) return;
    const ms = Math.max(1, Math.round(performance.now() - begun));
    byId("answer").hidden = false;
    showAnswer(byId("said"), byId("details"), found, page.facts);
    page.teacher?.offer(found.row);
    say(`Answered on this device in ${ms} ms.`, "answered");
    document.dispatchEvent(new CustomEvent("answer", { detail: { ...found, ms } }));
  } catch (error) {
    if (number !== page.asked) return;
    byId("answer").hidden = true;
    const field = page.fields.find(({ name }) => name === error.column);
    field?.tell(`${error.message}.`);
    say(
      field ? `The field ${error.column} cannot be read.` : `That failed: ${error.message}`,
      "unread",
    );
    field?.focus();
  }
}

function clear(page) {
  clearTimeout(page.waiting);
  page.asked += 1;
  page.fields.forEach((field) => field.clear());
  byId("answer").hidden = true;
  say("Cleared.", "ready");
}

function say(text, state) {
  byId("state").textContent = text;
  document.documentElement.dataset.state = state;
}

/** Keep the page and the model in the browser, so that they open without a network. */
async function keepForLater() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("service-worker.js");
    await navigator.serviceWorker.ready;
    document.documentElement.dataset.kept = "yes";
  } catch {
    byId("notes").append(" This browser does not keep the page: it needs the network each time.");
  }
}
