(() => {
  "use strict";
  // Everything that a reader could not see whole: pages wider than the window, boxes that cut
  // their content, text over text, text that hardly differs from its ground. Folds are opened.
  const faults = [], root = document.documentElement;
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const name = (one) => {
    const kind = one.getAttribute("class");
    const text = (one.textContent || "").trim().slice(0, 40);
    return `${one.tagName.toLowerCase()}${kind ? "." + kind.split(" ").join(".") : ""} "${text}"`;
  };
  const shown = (one) => {
    const style = getComputedStyle(one);
    return style.display !== "none" && style.visibility !== "hidden" && one.getClientRects().length;
  };
  const scrolls = (one) => one.closest(".scroll, .map, audio");
  // An ellipsis is no cut where the whole text is in the tooltip or beside it.
  const told = (one) => getComputedStyle(one).textOverflow === "ellipsis"
    && (one.title || (one.parentElement && one.parentElement.title) || one.closest(".turned, thead, .end"));
  if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} px wide`);
  const all = [...document.body.querySelectorAll("*")].filter((one) => shown(one)
    && !one.closest("svg, .tip, .skip") );
  for (const one of all) {
    const box = one.getBoundingClientRect();
    if (!scrolls(one) && (box.right > innerWidth + 1 || box.left < -1)) {
      faults.push(`sticks out: ${name(one)}`);
    }
    const style = getComputedStyle(one);
    const cuts = style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
    if (cuts && !scrolls(one) && !one.matches("audio") && !told(one)) faults.push(`cut: ${name(one)}`);
  }
  const texts = [];
  for (const one of all) {
    if (scrolls(one) || one.closest("audio")) continue;
    for (const node of one.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        if (box.width > 1 && box.height > 1) texts.push([box, one]);
      }
    }
  }
  texts.sort((a, b) => a[0].top - b[0].top);
  for (let i = 0; i < texts.length; i += 1) {
    for (let j = i + 1; j < texts.length && texts[j][0].top < texts[i][0].bottom - 3; j += 1) {
      const [a, one] = texts[i], [b, other] = texts[j];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 5 && one !== other) faults.push(`over each other: ${name(one)} and ${name(other)}`);
    }
  }
  // A box that scrolls shows all of its content, but a cell of a table only what lies within it,
  // and a drawing only what lies within its frame.
  const leaves = (node, one, frame) => {
    const range = document.createRange(), within = frame.getBoundingClientRect();
    range.selectNodeContents(node);
    return [...range.getClientRects()].some((box) => box.width > 1
      && (box.right > within.right + 1 || box.left < within.left - 1
        || (frame !== one && frame.matches("svg")
          && (box.bottom > within.bottom + 1 || box.top < within.top - 1))));
  };
  const clipped = (one, frame) => {
    for (let at = one; at && at !== frame; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== "visible") return true;
    }
    return false;
  };
  for (const one of document.body.querySelectorAll("td, td *, th, th *, svg text, svg tspan")) {
    const frame = one.closest("svg") || one.closest("td, th");
    if (!shown(one) || clipped(one, frame)) continue;
    const out = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE
      && node.textContent.trim() && leaves(node, one, frame));
    const where = frame.matches("svg") ? "drawing" : "cell";
    if (out) faults.push(`leaves its ${where}: ${name(one)}`);
  }
  const rgba = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const seen = new Set();
  for (const [, one] of texts) {
    if (seen.has(one)) continue;
    seen.add(one);
    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => x - y);
    const ratio = (b + 0.05) / (a + 0.05);
    if (ratio < 4.5) faults.push(`hard to read, ${ratio.toFixed(1)} : 1: ${name(one)}`);
    if (parseFloat(getComputedStyle(one).fontSize) < 12) faults.push(`small type: ${name(one)}`);
  }
  for (const image of document.images) {
    if (!image.alt) faults.push(`no alt text: ${name(image)}`);
    if (image.complete && !image.naturalWidth) faults.push(`broken picture: ${name(image)}`);
  }
  return [...new Set(faults)].slice(0, 40);
})()
