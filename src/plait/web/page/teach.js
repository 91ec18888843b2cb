// Asks what is right where an answer is wrong, and shows what was learned, undoes and moves it.

import { keepText, keptText } from "./kept-delta.js";
import { Learner } from "./learner.js";
import { button, made } from "./made.js";

const byId = (id) => document.getElementById(id);
const NEW = "",
  FILE = "learned.delta";
const percent = (share) => `${Number((100 * share).toFixed(2))} %`;

/** What teaches a model: its `learner`, and what shows that on the page. */
export class Teacher {
  #row = null;
  #again;

  /**
   * @param {object} facts The page's `model.json`.
   * @param {Function} again Answers what stands in the fields once more.
   */
  constructor(facts, again) {
    this.learner = new Learner(facts.learning, facts.answer);
    this.#again = again;
    byId("right").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#learn(false);
    });
    byId("it-is").addEventListener("change", () => this.#askName());
    byId("download").addEventListener("click", () => this.#download());
    byId("upload").addEventListener("change", (event) => this.#upload(event.target));
    byId("is-number").hidden = this.learner.labels.length > 0;
    byId("is-class").hidden = !this.learner.labels.length;
    byId("learned").hidden = false;
  }

  /** Take up what was kept in this browser. */
  async open() {
    try {
      const text = await keptText(this.#name);
      if (text !== undefined) this.learner.merge(text);
    } catch (error) {
      say(`What was learned before cannot be read: ${error.message}.`);
    }
    this.#show();
  }

  /** Offer to put right the answer to a row, `{features, own}`; null for none. */
  offer(row) {
    this.#row = row;
    byId("teach").hidden = row === null;
    byId("force").replaceChildren();
  }

  get #name() {
    const { bundle, basis } = this.learner.told;
    return `${new URL("./", location.href).pathname} ${bundle} ${basis}`;
  }

  #askName() {
    const fresh = this.learner.labels.length > 0 && byId("it-is").value === NEW;
    byId("new-class").hidden = !fresh;
    byId("new-name").required = fresh;
    if (fresh) byId("new-name").focus();
  }

  get #right() {
    if (!this.learner.labels.length) return byId("number-is").valueAsNumber;
    const chosen = byId("it-is").value;
    return chosen === NEW ? byId("new-name").value.trim() : chosen;
  }

  async #learn(force) {
    if (this.#row === null) return;
    byId("force").replaceChildren();
    try {
      const right = this.#right,
        found = this.learner.correct(this.#row, right, { force });
      const { before, after, cost, limit, metric } = found.check;
      const [first, second] = [before, after].map((score) => score.toFixed(4));
      const kept = `${metric} of known examples: ${first} before, ${second} after`;
      if (!found.learned) {
        const much = `${percent(cost)} of what is known (limit ${percent(limit)}; ${kept})`;
        say(`Not learned: it would cost ${much}.`);
        byId("force").append(button("Learn it all the same", () => this.#learn(true)));
        return;
      }
      const more = found.right ? "" : " It takes more examples to change this answer.";
      say(`Learned, on this device alone.${more} (${kept})`);
      byId("new-name").value = "";
      await this.#changed();
    } catch (error) {
      say(`Not learned: ${error.message}.`);
    }
  }

  async #changed() {
    this.#show();
    this.#again();
    try {
      await keepText(this.#name, this.learner.saved());
    } catch {
      say("Learned, but this browser does not keep it: download it before you leave.");
    }
  }

  #show() {
    const options = this.learner.every.map((label) =>
      made("option", { value: label, textContent: label }),
    );
    const fresh = made("option", { value: NEW, textContent: "a new class \u2026" });
    byId("it-is").replaceChildren(...options, fresh);
    this.#askName();
    const { corrections } = this.learner;
    byId("download").disabled = !corrections.length;
    byId("lessons").replaceChildren(...corrections.map((one) => this.#lesson(one)));
    byId("none-learned").hidden = corrections.length > 0;
  }

  #lesson({ id, num, sums }) {
    const rows = num === 1 ? "1 example" : `${num} examples`;
    const text = `${sums.map(({ label }) => label).join(", ") || "a number"}: ${rows} `;
    const item = made("li", { textContent: text });
    const undo = button("Undo", async () => {
      this.learner.undo(id);
      say("Undone.");
      await this.#changed();
    });
    undo.setAttribute("aria-label", `Undo ${text}`);
    item.append(undo);
    return item;
  }

  #download() {
    const file = new Blob([this.learner.saved()], { type: "application/json" });
    const link = made("a", { href: URL.createObjectURL(file), download: FILE });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async #upload(field) {
    const [file] = field.files;
    field.value = "";
    if (!file) return;
    try {
      const more = this.learner.merge(await file.text());
      const { before, after } = this.learner.check();
      const known = `known examples: ${before.toFixed(4)} before, ${after.toFixed(4)} after`;
      say(`Learned ${more} corrections more from ${file.name} (${known}).`);
      await this.#changed();
    } catch (error) {
      say(`${file.name} was not learned: ${error.message}.`);
    }
  }
}

function say(text) {
  byId("taught").textContent = text;
}
