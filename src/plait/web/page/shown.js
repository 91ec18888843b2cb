// Shows an answer: what it is, how sure, and what else it could be.

const MOST_LISTED = 5,
  DIGITS = 4;
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: DIGITS });

/** Fill the two places of an answer: what is read out at once, and what may be read after it. */
export function showAnswer(said, details, found, { answer }) {
  said.replaceChildren(...(found.interval ? ofNumber(found) : ofShares(found, answer)));
  details.replaceChildren(...(found.shares ? [listOf(found.shares)] : []));
}

function ofNumber({ prediction, confidence, interval, unit }) {
  const [low, high] = interval.map((value) => number.format(value));
  return [
    one("p", "prediction", `${number.format(prediction)} ${unit}`.trim()),
    one("p", "sure", `${low} to ${high} in nine of ten cases like this one`),
    one("p", "soft", `confidence ${confidence.toFixed(2)}: 1 is exact, 0.5 no more than a guess`),
  ];
}

function ofShares({ prediction, confidence }, { form }) {
  const none = form === "labels" && prediction === "";
  return [
    one("p", "prediction", none ? "none of the labels" : prediction.replaceAll(";", ", ")),
    one("p", "sure", `${percent(confidence)} sure`),
  ];
}

function listOf(shares) {
  const list = (some) => {
    const found = document.createElement("ol");
    found.className = "shares";
    found.append(...some.map(rowOf));
    return found;
  };
  const whole = document.createElement("div");
  whole.append(list(shares.slice(0, MOST_LISTED)));
  if (shares.length > MOST_LISTED) {
    const more = document.createElement("details");
    more.append(one("summary", "", `${shares.length - MOST_LISTED} more`));
    more.addEventListener("toggle", () => {
      if (more.children.length < 2) more.append(list(shares.slice(MOST_LISTED)));
    });
    whole.append(more);
  }
  return whole;
}

function rowOf({ label, share }) {
  const row = document.createElement("li"),
    bar = one("span", "bar", "");
  bar.setAttribute("aria-hidden", "true");
  bar.style.setProperty("--share", share);
  row.append(one("span", "label", label), one("span", "share", percent(share)), bar);
  return row;
}

function percent(share) {
  const found = 100 * share;
  if (found > 0 && found < 0.1) return "below 0.1 %";
  return found > 99.9 && found < 100 ? "above 99.9 %" : `${Number(found.toFixed(1))} %`;
}

function one(tag, name, text) {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}
