// Form fields: one for each column, by what its codec asks for. Each gives a cell, or null.

import { fileField } from "./file-field.js";
import { labelled, made } from "./made.js";

const MOST_LISTED = 60;

const KINDS = {
  number: numberField,
  choice: choiceField,
  choices: choicesField,
  moment: momentField,
  text: (name, asks) => fileField(name, { ...asks, typed: "text" }),
  series: (name, asks) => fileField(name, { ...asks, typed: "series" }),
  file: fileField,
};

/**
 * Return a field: `name`, `element`, `value()`, `clear()`, `focus()` and `tell(problem)`.
 *
 * @param {string} name The column.
 * @param {object} asks What its codec's `field` gave.
 */
export function fieldOf(name, asks) {
  return KINDS[asks.kind](name, asks);
}

function numberField(name, { unit, usual, example }) {
  const input = made("input", { type: "text", inputMode: "decimal", autocomplete: "off" });
  const range =
    usual === null ? `for example ${example}` : `usually ${usual.map(rounded).join(" to ")}`;
  return simple(name, input, unit ? `in ${unit}, ${range}` : range);
}

function rounded(value) {
  return Number(value.toPrecision(3));
}

function momentField(name, { type }) {
  return simple(name, made("input", { type, step: type === "date" ? "1" : "60" }), "");
}

function choiceField(name, { options }) {
  if (options.length > MOST_LISTED) {
    const list = made("datalist", { id: `options-${name}` });
    list.append(...options.map((value) => made("option", { value })));
    const input = made("input", { type: "text", autocomplete: "off" });
    input.setAttribute("list", list.id);
    const field = simple(name, input, `one of ${options.length.toLocaleString("en")}`);
    field.element.append(list);
    return field;
  }
  const select = document.createElement("select");
  select.append(made("option", { value: "", textContent: "not given" }));
  select.append(...options.map((value) => made("option", { value, textContent: value })));
  select.append(made("option", { value: unknownTo(options), textContent: "another one" }));
  return simple(name, select, "");
}

/** Return a label that is none of those known. */
function unknownTo(options) {
  let found = "another one";
  while (options.includes(found)) found += "!";
  return found;
}

function simple(name, input, hint) {
  const { element, problem, tell } = labelled(name, input, hint);
  element.append(problem);
  return {
    name,
    element,
    tell,
    value: () => (input.value === "" ? null : input.value),
    clear: () => {
      input.value = "";
      tell("");
    },
    focus: () => input.focus(),
  };
}

function choicesField(name, { options }) {
  if (options.length > MOST_LISTED) {
    return simple(
      name,
      made("input", { type: "text", autocomplete: "off" }),
      "labels with ; between them",
    );
  }
  const group = made("fieldset", { className: "field" });
  group.append(made("legend", { textContent: name }));
  const boxes = options.map((label) => boxOf(group, label));
  const none = boxOf(group, "none of these");
  const problem = made("p", { className: "problem" });
  group.append(problem);
  group.addEventListener("change", ({ target }) => {
    const others = target === none ? boxes : [none];
    if (target.checked) others.forEach((box) => Object.assign(box, { checked: false }));
  });
  const chosen = () => options.filter((_, place) => boxes[place].checked);
  return {
    name,
    element: group,
    tell: (text) => Object.assign(problem, { textContent: text }),
    value: () => (none.checked || chosen().length ? JSON.stringify(chosen()) : null),
    clear: () => [...boxes, none].forEach((box) => Object.assign(box, { checked: false })),
    focus: () => boxes[0].focus(),
  };
}

function boxOf(group, text) {
  const label = made("label", { className: "box" }),
    box = made("input", { type: "checkbox" });
  label.append(box, ` ${text}`);
  group.append(label);
  return box;
}
