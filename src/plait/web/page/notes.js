// What a person should know of this browser, where it keeps the page from doing all it could.

/**
 * Return sentences; none where all is well.
 *
 * @param {Array} asks How the columns are asked for.
 * @param {Array} codecs Modules; one that has a `note` may say something of the browser itself.
 */
export function notesOn(asks, codecs) {
  const found = codecs.map(({ note }) => note?.() ?? null).filter((text) => text !== null);
  if (window.isSecureContext) return found;
  const recorded = asks.some(({ records }) => records !== undefined);
  const lacks = recorded ? "it may use no camera or microphone, and " : "";
  return [...found, `The page was opened without https: ${lacks}it is not kept for later.`];
}
