// Keeps what was learned in this browser (IndexedDB), by the model that it belongs to.

const DATABASE = "plait",
  STORE = "deltas";

/** Return the text that was kept under a name; undefined where there is none. */
export async function keptText(name) {
  return await within("readonly", (store) => store.get(name));
}

/** Keep a text under a name; the earlier one is gone. */
export async function keepText(name, text) {
  await within("readwrite", (store) => store.put(text, name));
}

async function within(mode, act) {
  const database = await promised(opened());
  try {
    return await promised(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return request;
}

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
