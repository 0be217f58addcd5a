import { isObject } from "./json.mjs";
import { ToolError } from "./tool-error.mjs";

/** @import { ToolOutput } from "./output.mjs" */

/** @typedef {Record<string, unknown>} ToolInput A tool's document before its fields are read, see read-fields.mjs */

/** The newest form of the input that this checkout reads. State may hold any older one. */
const VERSION = 1;
const READ_MS = 30_000;
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * The one JSON document on stdin. Credentials in it are secret from here on.
 * @type {(stdin: NodeJS.ReadableStream, out: ToolOutput, options?: { readonly readMs?: number }) => Promise<ToolInput>}
 */
export async function readInput(stdin, out, { readMs = READ_MS } = {}) {
  return parseInput(await readAll(stdin, readMs), out);
}

/**
 * Checks the version and marks what is secret.
 * @type {(text: string, out: ToolOutput) => ToolInput}
 */
export function parseInput(text, out) {
  /** @type {unknown} */
  let input;
  try {
    input = JSON.parse(text);
  } catch {
    // JSON.parse quotes what it read, which may be a secret.
    throw new ToolError(
      "The input on stdin is not one JSON document. This tool is started by Pulumi with its input from the stack's state.",
    );
  }
  if (!isObject(input)) throw new ToolError("The input on stdin is not a JSON object.");
  const { v = VERSION, credentials, tailnet } = input;
  if (typeof v !== "number" || !Number.isInteger(v))
    throw new ToolError(`The input's version "v" is ${JSON.stringify(v)}; it must be a whole number.`);
  if (v > VERSION) {
    throw new ToolError(
      `The stack's state was written by a newer release: its tool input has version ${v}, this checkout reads up to ${VERSION}. ` +
        "Update the checkout to that release (git pull && npm ci) and run the same command again.",
    );
  }
  if (isObject(credentials)) for (const name of ["privateKey", "bastionPrivateKey"]) out.keepSecret(credentials[name]);
  if (isObject(tailnet)) for (const name of ["apiKey", "oauthClientSecret"]) out.keepSecret(tailnet[name]);
  return input;
}

/** @type {(stream: NodeJS.ReadableStream, readMs: number) => Promise<string>} */
function readAll(stream, readMs) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const chunks = [];
    let size = 0;
    const timer = setTimeout(() => finish(new ToolError(`No complete input came on stdin within ${readMs / 1000} s.`)), readMs);
    /** @type {(error?: ToolError) => void} */
    const finish = (error) => {
      clearTimeout(timer);
      stream.removeAllListeners("data");
      if (error) reject(error);
      else resolve(Buffer.concat(chunks).toString("utf8"));
    };
    stream.on("data", (/** @type {Buffer | string} */ chunk) => {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > MOST_BYTES) finish(new ToolError(`The input on stdin is larger than ${MOST_BYTES} bytes.`));
    });
    stream.once("end", () => finish());
    stream.once("error", () => finish(new ToolError("The input on stdin could not be read.")));
  });
}
