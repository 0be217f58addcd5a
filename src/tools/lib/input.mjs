import { ToolError } from "./tool-error.mjs";

/** The newest form of the input that this checkout reads. State may hold any older one. */
const VERSION = 1;
const READ_MS = 30_000;
const MOST_BYTES = 8 * 1024 * 1024;

/** The one JSON document on stdin. Credentials in it are secret from here on. */
export async function readInput(stdin, out, { readMs = READ_MS } = {}) {
  return parseInput(await readAll(stdin, readMs), out);
}

/** Checks the version and marks what is secret. */
export function parseInput(text, out) {
  let input;
  try {
    input = JSON.parse(text);
  } catch {
    // JSON.parse quotes what it read, which may be a secret.
    throw new ToolError(
      "The input on stdin is not one JSON document. This tool is started by Pulumi with its input from the stack's state.",
    );
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw new ToolError("The input on stdin is not a JSON object.");
  const { v = VERSION } = input;
  if (!Number.isInteger(v)) throw new ToolError(`The input's version "v" is ${JSON.stringify(v)}; it must be a whole number.`);
  if (v > VERSION) {
    throw new ToolError(
      `The stack's state was written by a newer release: its tool input has version ${v}, this checkout reads up to ${VERSION}. ` +
        "Update the checkout to that release (git pull && npm ci) and run the same command again.",
    );
  }
  for (const secret of [
    input.credentials?.privateKey,
    input.credentials?.bastionPrivateKey,
    input.tailnet?.apiKey,
    input.tailnet?.oauthClientSecret,
  ])
    out.keepSecret(secret);
  return input;
}

/** Refuses input that lacks a field, all of them at once. Paths are dotted. */
export function requireFields(input, paths) {
  const missing = paths.filter((path) => {
    const value = path.split(".").reduce((at, key) => at?.[key], input);
    return value === undefined || value === null || value === "";
  });
  if (missing.length > 0)
    throw new ToolError(`The tool's input lacks ${missing.join(", ")}. Run \`pulumi up\` once to write the state anew.`);
}

function readAll(stream, readMs) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    const timer = setTimeout(() => finish(new ToolError(`No complete input came on stdin within ${readMs / 1000} s.`)), readMs);
    const finish = (error) => {
      clearTimeout(timer);
      stream.removeAllListeners("data");
      if (error) reject(error);
      else resolve(Buffer.concat(chunks).toString("utf8"));
    };
    stream.on("data", (chunk) => {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > MOST_BYTES) finish(new ToolError(`The input on stdin is larger than ${MOST_BYTES} bytes.`));
    });
    stream.once("end", () => finish());
    stream.once("error", () => finish(new ToolError("The input on stdin could not be read.")));
  });
}
