import { isObject } from "./json.mjs";

/** A failure that the operator can act on: printed as its message alone, without a stack. */
export class ToolError extends Error {
  /** @override */
  name = "ToolError";
}

/**
 * The code of an error of Node.js (`ECONNREFUSED`); "" of others.
 * @type {(error: unknown) => string}
 */
export function codeOf(error) {
  return isObject(error) && typeof error.code === "string" ? error.code : "";
}

/**
 * What was thrown, as an error.
 * @type {(thrown: unknown) => Error}
 */
export function asError(thrown) {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
