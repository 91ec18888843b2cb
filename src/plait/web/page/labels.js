// Spellings of labels, as `plait.modalities.category.labels` knows them.

const NUMBER = /^[+-]?(?:0|[1-9]\p{Nd}{0,17})(?:\.\p{Nd}{1,17})?$/u;
const TRUTH = new Set(["true", "false"]);
const CROSSED = { true: "1", false: "0", 1: "true", 0: "false" };

/** Return a label in the spelling that its other types share: 1.0 as 1, True as true. */
export function plainLabel(label) {
  if (TRUTH.has(label.toLowerCase())) return label.toLowerCase();
  if (!NUMBER.test(label)) return label;
  const [whole, digits = ""] = label.replace(/^\++/, "").split(".");
  const rest = digits.replace(/0+$/, "");
  const found = rest ? `${whole}.${rest}` : whole;
  return found === "-0" ? "0" : found;
}

const known = new WeakMap();

/** Return label -> number, and plain spelling -> number where only one label is meant. */
export function numbersOf(codec) {
  if (!known.has(codec)) known.set(codec, counted(codec.labels, codec.kind));
  return known.get(codec);
}

function counted(labels, kind) {
  const meant = new Map();
  const add = (spelling, place) => meant.set(spelling, [...(meant.get(spelling) ?? []), place]);
  labels.forEach((label, place) => {
    const plain = plainLabel(label);
    add(plain, place);
    if (kind !== "" && kind !== "text" && plain in CROSSED) add(CROSSED[plain], place);
  });
  const only = [...meant].filter(([, places]) => places.length === 1);
  return {
    numbers: new Map(labels.map((label, place) => [label, place + 1])),
    others: new Map(only.map(([spelling, [place]]) => [spelling, place + 1])),
    plain: plainLabel,
  };
}
