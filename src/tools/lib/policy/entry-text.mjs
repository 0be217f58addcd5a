/** One entry as it is written into a policy: on one line. */
export function entryText({ key, value }) {
  return key === undefined ? spaced(value) : `${JSON.stringify(key)}: ${spaced(value)}`;
}

/** JSON on one line, with blanks behind commas and colons as people write policies. */
function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, content]) => `${JSON.stringify(key)}: ${spaced(content)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}
