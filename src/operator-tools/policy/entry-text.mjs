import { isList, isObject } from "../run/json.mjs";

/**
 * One entry as it is written into a policy: on one line. Without `key` it stands in a list.
 * @type {(entry: { readonly key?: string | undefined; readonly value: unknown }) => string}
 */
export function entryText({ key, value }) {
  return key === undefined ? spaced(value) : `${JSON.stringify(key)}: ${spaced(value)}`;
}

/**
 * JSON on one line, with blanks behind commas and colons as people write policies.
 * @type {(value: unknown) => string}
 */
function spaced(value) {
  if (isList(value)) return `[${value.map(spaced).join(", ")}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, content]) => `${JSON.stringify(key)}: ${spaced(content)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}
