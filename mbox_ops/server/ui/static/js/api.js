// The public API, asked as whoever is signed in, in the page's namespace.

/**
 * The namespace of the page, as UTF-8 in the letters that a header can hold.
 * @returns {Record<string, string>}
 */
export function namespaceHeader() {
  const bytes = new TextEncoder().encode(document.body.dataset.namespace ?? "default");
  return { "mbox-namespace": String.fromCharCode(...bytes) };
}

/**
 * What the API answers to a question; null where it refuses, or the service is away.
 * @param {string} path
 * @param {Record<string, string>} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(path, query, signal) {
  try {
    const response = await fetch(`${path}?${new URLSearchParams(query)}`, {
      headers: { accept: "application/json", ...namespaceHeader() },
      signal: signal ?? null,
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
