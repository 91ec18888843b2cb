// Elements of the page.

let count = 0;

/** Return an element with properties. */
export function made(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/**
 * Return a field's frame around its input: label, hint, and where a problem is told. The frame
 * holds all but the problem, which belongs behind whatever else a field has.
 */
export function labelled(name, input, hint) {
  count += 1;
  const element = made("div", { className: "field" }),
    id = `field-${count}`;
  const label = made("label", { textContent: name, htmlFor: id });
  const note = made("p", { className: "hint", id: `${id}-hint`, textContent: hint });
  const problem = made("p", { className: "problem", id: `${id}-problem` });
  input.id = id;
  input.setAttribute("aria-describedby", `${note.id} ${problem.id}`);
  element.append(label, input, note);
  const tell = (text) => {
    problem.textContent = text;
    if (text === "") input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  };
  return { element, problem, tell };
}

/** Return a button that does something. */
export function button(text, act) {
  const found = made("button", { type: "button", textContent: text });
  found.addEventListener("click", act);
  return found;
}
