// Learns from corrected answers and from examples of new classes, as `plait.edge.learner` does.

import { readDelta, writtenDelta } from "./delta.js";
import { Learned, featuresOf, statisticsOf } from "./learned.js";

const WEIGHTS = [1, 2, 4, 8],
  MOST_COST = 0.02,
  MOST_COST_OF_NUMBERS = 0.05,
  MOST_CORRECTIONS = 5000,
  MOST_NEW = 100,
  MOST_LETTERS = 200,
  HALF = 0.5;

/** A model that can be corrected, and taught new classes; nothing of it leaves the page. */
export class Learner {
  /**
   * @param {object} told `learning` of `model.json`.
   * @param {object} answer `answer` of `model.json`.
   */
  constructor(told, answer) {
    this.told = told;
    this.answer = answer;
    this.statistics = statisticsOf(told);
    this.labels = told.unit === null ? told.labels : [];
    this.adopt([]);
  }

  /** Answer by these corrections from now on. */
  adopt(corrections) {
    this.corrections = corrections;
    this.learned = this.#of(corrections);
  }

  /** The classes that are told apart, new ones last. */
  get every() {
    return [...this.labels, ...this.learned.newLabels];
  }

  /** What answers are made by: `answer` of `model.json`, with the new classes. */
  get answering() {
    const fresh = this.learned.newLabels;
    if (!fresh.length) return this.answer;
    return { ...this.answer, labels: [...this.answer.labels, ...fresh], decision: null };
  }

  features(outputs, point) {
    return featuresOf(this.statistics, outputs, point);
  }

  apply(features, outputs) {
    return this.corrections.length ? this.learned.apply(features, outputs) : outputs;
  }

  /**
   * Learn what is right of a row.
   *
   * @param {object} row `{features, own}`: its features, and the model's own outputs.
   * @param {string|number} right Its class, known or new, or its number.
   * @param {object} options `force`: whether to learn it whatever it costs.
   * @returns {object} `{id, right, check, learned}`: `learned` is false where it costs too much.
   */
  correct(row, right, { force = false } = {}) {
    const kind = this.#check(right),
      before = this.check(),
      id = newId();
    let chosen = null;
    for (const weight of WEIGHTS) {
      const corrections = [...this.corrections, this.#correction(id, kind, row, right, weight)];
      const learned = this.#of(corrections),
        check = this.#checked(learned);
      if (chosen !== null && !check.passed) break;
      chosen = { corrections, check, right: this.#isRight(learned, row, right) };
      if (kind === "class" || chosen.right) break;
    }
    const { corrections, check } = chosen;
    const learned = force || check.passed || check.cost <= before.cost;
    if (learned) this.adopt(corrections);
    return { id, right: chosen.right, check, learned };
  }

  /** Forget a correction, as if it had never been taught. */
  undo(id) {
    this.adopt(this.corrections.filter((one) => one.id !== id));
  }

  /** Return what all that was learned does to examples of what was known. */
  check() {
    return this.#checked(this.learned);
  }

  /** Return the delta as text. */
  saved() {
    return writtenDelta({ ...this.told, corrections: this.corrections });
  }

  /** Learn what a delta's text holds, beside what was learned; a correction counts once. */
  merge(text) {
    const known = new Set(this.corrections.map(({ id }) => id));
    const more = readDelta(text, this.told).filter(({ id }) => !known.has(id));
    this.adopt([...this.corrections, ...more]);
    return more.length;
  }

  #of(corrections) {
    return new Learned(this.statistics, this.labels, corrections);
  }

  /** Return the kind of a correction. Throws an `Error` for what cannot be learned. */
  #check(right) {
    if (this.corrections.length >= MOST_CORRECTIONS) throw new Error("no more can be learned");
    if (this.statistics.unit !== null) {
      if (!Number.isFinite(right)) throw new Error("that is no number");
      return "correct";
    }
    if (this.every.includes(right)) return "correct";
    if (right.length < 1 || right.length > MOST_LETTERS) {
      throw new Error(`a class has a name of 1 to ${MOST_LETTERS} letters`);
    }
    if (this.learned.newLabels.length >= MOST_NEW) throw new Error("no more classes can be added");
    return "class";
  }

  #correction(id, kind, { features, own }, right, weight) {
    const root = Math.sqrt(weight),
      row = Float64Array.from([1, ...features], (value) => root * value);
    if (this.statistics.unit !== null) {
      const amiss = Float64Array.of(root * (right - own[0]));
      return { id, kind, num: 1, design: [row], residuals: [amiss], sums: [] };
    }
    const place = this.labels.indexOf(right);
    const total = features.slice(0, this.statistics.near);
    const sums = [{ label: right, num: 1, total }];
    if (place < 0) return { id, kind, num: 1, design: [], residuals: [], sums };
    const amiss = Float64Array.from(own, (share, at) => root * ((at === place ? 1 : 0) - share));
    return { id, kind, num: 1, design: [row], residuals: [amiss], sums };
  }

  #isRight(learned, { features, own }, right) {
    const outputs = learned.apply(features, own);
    if (this.statistics.unit !== null) {
      return Math.abs(outputs[0] - right) <= HALF * Math.abs(own[0] - right);
    }
    return [...this.labels, ...learned.newLabels][likeliest(outputs)] === right;
  }

  #checked(learned) {
    const { draws, outputs, truth, unit } = this.statistics;
    const after = draws.map((features, place) => learned.apply(features, outputs[place]));
    const [first, second] = [outputs, after].map((one) => scoreOf(one, truth, unit));
    const numbers = unit !== null;
    const cost = numbers ? second / Math.max(first, 1e-12 * unit) - 1 : first - second;
    const limit = numbers ? MOST_COST_OF_NUMBERS : MOST_COST;
    const metric = numbers ? "rmse" : "accuracy";
    return { metric, before: first, after: second, cost, limit, passed: cost <= limit };
  }
}

function scoreOf(outputs, truth, unit) {
  const total = outputs.reduce((sum, row, place) => {
    if (unit !== null) return sum + (row[0] - truth[place]) ** 2;
    return sum + (likeliest(row) === truth[place] ? 1 : 0);
  }, 0);
  return unit === null ? total / outputs.length : Math.sqrt(total / outputs.length);
}

function likeliest(outputs) {
  return outputs.indexOf(Math.max(...outputs));
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
