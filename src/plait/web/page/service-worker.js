// Keeps the page and the model, so that they open without a network; `files.js` lists what to keep.

/* global FILES, VERSION */
importScripts("files.js");

const PREFIX = `plait ${self.registration.scope} `;
const NAME = PREFIX + VERSION;

async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(request) {
  const found = await caches.match(request, { cacheName: NAME, ignoreSearch: true });
  return found ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const own =
    event.request.method === "GET" && event.request.url.startsWith(self.registration.scope);
  if (own) event.respondWith(kept(event.request));
});
