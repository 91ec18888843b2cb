// Says plainly what is amiss before the model is loaded; a classic script, for every browser.

(() => {
  "use strict";
  // A module of one function, which gives a vector: browsers without SIMD refuse it.
  const SIMD = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15,
    11,
  ];
  const problem = () => {
    if (location.protocol === "file:") {
      return (
        "This page was opened as a file, and browsers let a page compute only when it comes " +
        "from a web server. In its folder, run: python -m http.server, and open " +
        "http://localhost:8000."
      );
    }
    if (typeof WebAssembly !== "object") {
      return "This browser cannot run the model: it has no WebAssembly, or it is turned off.";
    }
    if (!WebAssembly.validate(new Uint8Array(SIMD))) {
      return (
        "This browser is too old to run the model: its WebAssembly has no SIMD. Chrome 91, " +
        "Firefox 89, Safari 16.4 and later have it."
      );
    }
    return null;
  };
  const fail = (text) => {
    document.getElementById("state").textContent = text;
    document.documentElement.dataset.state = "failed";
  };
  const found = problem();
  if (found !== null) {
    fail(found);
    return;
  }
  import("./app.js")
    .then((app) => app.start())
    .catch((error) => {
      fail(`The model could not be loaded: ${error.message}`);
    });
})();
