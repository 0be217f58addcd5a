/**
 * One word of POSIX shell that stands for exactly this text.
 * @type {(text: string) => string}
 */
function shellQuote(text) {
  if (text.includes("\0")) throw new RangeError("A NUL byte cannot be given to a shell.");
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * `export NAME='value'` for each entry, one a line.
 * @type {(environment: Readonly<Record<string, string | number | boolean>>) => string}
 */
function exportLines(environment) {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${shellQuote(String(value))}\n`)
    .join("");
}

module.exports = { shellQuote, exportLines };
