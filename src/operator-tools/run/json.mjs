/** A JSON text's value, of which nothing is known yet; undefined where the text is no JSON. */
/** @type {(text: string) => unknown} */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @type {(value: unknown) => value is Record<string, unknown>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @type {(value: unknown) => value is unknown[]} */
export function isList(value) {
  return Array.isArray(value);
}

/** @type {(value: unknown) => value is string[]} */
export function isTexts(value) {
  return isList(value) && value.every((item) => typeof item === "string");
}

/**
 * The texts of a list; none where it is no list.
 * @type {(value: unknown) => string[]}
 */
export function textsOf(value) {
  return isList(value) ? value.map(String) : [];
}
