import { isList, isObject } from "./json.mjs";
import { ToolError } from "./tool-error.mjs";

/**
 * Reads one value at a dotted path of a document that nothing is known of; throws FieldFaults where it is not what it must be.
 * @template T
 * @typedef {(value: unknown, path: string) => T} Reader
 */
/** @typedef {Readonly<Record<string, Reader<unknown>>>} Shape */
/**
 * @template {Shape} S
 * @typedef {{ [Name in keyof S]: ReturnType<S[Name]> }} Fields
 */

class FieldFaults extends Error {
  /**
   * @param {readonly string[]} missing Paths that have no value.
   * @param {readonly string[]} wrong What is wrong with those that have one.
   */
  constructor(missing, wrong) {
    super([...missing, ...wrong].join(", "));
    this.missing = missing;
    this.wrong = wrong;
  }
}

/**
 * Reads a document; refuses it with all of its faults at once.
 * @template T
 * @param {unknown} input
 * @param {Reader<T>} reader
 * @returns {T}
 */
export function readFields(input, reader) {
  try {
    return reader(input, "");
  } catch (error) {
    if (!(error instanceof FieldFaults)) throw error;
    const faults = [
      ...(error.missing.length > 0 ? [`The tool's input lacks ${error.missing.join(", ")}.`] : []),
      ...(error.wrong.length > 0 ? [`In the tool's input ${error.wrong.join(", ")}.`] : []),
    ];
    throw new ToolError(`${faults.join(" ")} Run \`pulumi up\` once to write the state again.`);
  }
}

/**
 * A NUL byte can stand in no word of a shell and in no file's name.
 * @type {(value: unknown) => value is string}
 */
function isText(value) {
  return typeof value === "string" && !value.includes("\0");
}

/** @type {(value: unknown) => boolean} */
const isMissing = (value) => value === undefined || value === null || value === "";

/**
 * A reader of one kind of value.
 * @template T
 * @param {string} kind For the message.
 * @param {(value: unknown) => value is T} is
 * @returns {Reader<T>}
 */
function valueThat(kind, is) {
  return (value, path) => {
    if (isMissing(value)) throw new FieldFaults([path], []);
    if (!is(value)) throw new FieldFaults([], [`${path} must be ${kind}`]);
    return value;
  };
}

/** Not empty. */
export const text = valueThat("text without a NUL byte", isText);
export const number = valueThat("a number", (value) => typeof value === "number");
/** @type {Reader<unknown>} */
export const anything = (value) => value;
export const flag = valueThat("true or false", (value) => typeof value === "boolean");
/** What a script's environment can hold; an empty text too. */
export const scalar = orEmpty(
  valueThat(
    "a text without a NUL byte, a number, true or false",
    (value) => isText(value) || typeof value === "number" || typeof value === "boolean",
  ),
);

/**
 * @template {string} T
 * @param {readonly T[]} values
 * @returns {Reader<T>}
 */
export function oneOf(...values) {
  const found = valueThat(`one of ${values.join(", ")}`, (value) => typeof value === "string");
  return (value, path) => {
    const word = found(value, path);
    const known = values.find((one) => one === word);
    if (known === undefined) throw new FieldFaults([], [`${path} must be one of ${values.join(", ")}`]);
    return known;
  };
}

/**
 * A value that may be absent or empty.
 * @template T
 * @param {Reader<T>} reader
 * @returns {Reader<T | undefined>}
 */
export function optional(reader) {
  return (value, path) => (isMissing(value) ? undefined : reader(value, path));
}

/**
 * @template T
 * @param {Reader<T>} reader
 * @returns {Reader<T | "">}
 */
function orEmpty(reader) {
  return (value, path) => (value === "" ? "" : reader(value, path));
}

/**
 * @template T
 * @param {Reader<T>} reader
 * @returns {Reader<T[]>}
 */
export function listOf(reader) {
  return (value, path) => {
    if (isMissing(value)) throw new FieldFaults([path], []);
    if (!isList(value)) throw new FieldFaults([], [`${path} must be a list`]);
    return readAll(value.map((item, index) => () => reader(item, `${path}.${index}`)));
  };
}

/**
 * @template T
 * @param {Reader<T>} reader
 * @returns {Reader<Record<string, T>>}
 */
export function mapOf(reader) {
  return (value, path) => {
    if (isMissing(value)) throw new FieldFaults([path], []);
    if (!isObject(value)) throw new FieldFaults([], [`${path} must be an object`]);
    const names = Object.keys(value);
    const values = readAll(names.map((name) => () => reader(value[name], `${path}.${name}`)));
    return Object.fromEntries(values.map((item, index) => [names[index] ?? "", item]));
  };
}

/**
 * An object with these fields; others are left out. Where it is missing, its fields are told.
 * @template {Shape} S
 * @param {S} shape
 * @returns {Reader<Fields<S>>}
 */
export function fields(shape) {
  return (value, path) => {
    const given = isMissing(value) ? {} : value;
    if (!isObject(given)) throw new FieldFaults([], [`${path || "the whole"} must be an object`]);
    const readers = Object.entries(shape);
    const values = readAll(
      readers.map(
        ([name, read]) =>
          () =>
            read(given[name], path === "" ? name : `${path}.${name}`),
      ),
    );
    const found = Object.fromEntries(readers.map(([name], index) => [name, values[index]]));
    // Each name of the shape was read by its own reader, or readAll has thrown.
    return /** @type {Fields<S>} */ (found);
  };
}

/**
 * All values, or all faults.
 * @template T
 * @param {readonly (() => T)[]} reads
 * @returns {T[]}
 */
function readAll(reads) {
  /** @type {T[]} */
  const values = [];
  /** @type {FieldFaults[]} */
  const faults = [];
  for (const read of reads) {
    try {
      values.push(read());
    } catch (error) {
      if (!(error instanceof FieldFaults)) throw error;
      faults.push(error);
    }
  }
  if (faults.length === 0) return values;
  throw new FieldFaults(
    faults.flatMap(({ missing }) => missing),
    faults.flatMap(({ wrong }) => wrong),
  );
}
