import { validateHeaderValue } from "node:http";
import { Deadline, pause } from "../run/deadline.mjs";
import { isObject, parseJson } from "../run/json.mjs";
import { asError, codeOf, ToolError } from "../run/tool-error.mjs";

/** @typedef {Readonly<Record<string, string>>} Headers */
/** @typedef {{ readonly headers: Headers; readonly body?: string | undefined }} CallOptions */
/** @typedef {{ readonly method: string; readonly headers: Headers; readonly body?: string | undefined; readonly signal: AbortSignal }} Request */
/** @typedef {{ status: number; text: string; header: (name: string) => string | null | undefined }} Answer */
/** @typedef {(url: string, request: Request) => Promise<Answer>} Send */
/** @typedef {{ status: number; ok: boolean; text: string; etag: string | undefined; message: string }} ApiReply */
/** @typedef {typeof API_LIMITS} ApiLimits */
/**
 * @typedef {object} ApiSettings
 * @property {string} baseUrl
 * @property {string} who Word for the error.
 * @property {string} advice
 * @property {Send} send
 * @property {(reply: ApiReply) => boolean} isDefinite Tells a server fault that would come again.
 */

export const API_LIMITS = { requestMs: 10_000, totalMs: 45_000, firstPauseMs: 500, longestPauseMs: 8_000 };

const UNSENDABLE = "ERR_INVALID_CHAR";
const GIVE_ANEW =
  "The credential holds a character that no header can (a line break, an ellipsis, what a terminal puts around a paste): " +
  "give it again, as it was shown when it was made.";

/** A call that an API refused for a reason that trying again cannot cure. */
export class ApiError extends ToolError {
  /**
   * @param {string} message
   * @param {number} [status] Absent where no answer came.
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Calls to one HTTP API with a time limit over all of them together. Too many requests, server faults and broken connections are tried again
 * within it.
 */
export class ApiCalls {
  /** @type {ApiSettings} */
  #settings;
  #limits;
  #deadline;

  /**
   * @param {Pick<ApiSettings, "baseUrl" | "who" | "advice"> & Partial<ApiSettings>} settings
   * @param {Partial<ApiLimits>} [limits]
   */
  constructor(settings, limits = {}) {
    this.#settings = { send: sendByFetch, isDefinite: () => false, ...settings };
    this.#limits = { ...API_LIMITS, ...limits };
    this.#deadline = new Deadline(this.#limits.totalMs);
  }

  get deadline() {
    return this.#deadline;
  }

  /**
   * Resolves whatever the status; throws where no answer came in time.
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} options
   * @returns {Promise<ApiReply>}
   */
  async call(method, path, { headers, body }) {
    const { requestMs, firstPauseMs, longestPauseMs } = this.#limits;
    const { baseUrl, send, isDefinite } = this.#settings;
    let seen = "no time was left";
    for (let attempt = 0; !this.#deadline.over; attempt += 1) {
      let wait = Math.min(firstPauseMs * 2 ** attempt, longestPauseMs);
      const allowedMs = Math.ceil(Math.min(requestMs, this.#deadline.left));
      try {
        const { status, text, header } = await send(baseUrl + path, { method, headers, body, signal: AbortSignal.timeout(allowedMs) });
        const reply = { status, ok: status >= 200 && status < 300, text, etag: header("etag") ?? undefined, message: messageOf(text) };
        if ((status !== 429 && status < 500) || isDefinite(reply)) return reply;
        seen = `${status}: ${reply.message}`;
        // Never sooner than without it: 0, or a date that this machine's clock has behind it, would be a storm of calls.
        wait = Math.max(wait, retryAfter(header("retry-after")) ?? 0);
      } catch (error) {
        if (codeOf(error) === UNSENDABLE) throw this.#unserved(method, path, `(${UNSENDABLE})`, GIVE_ANEW);
        if (isLasting(error)) throw this.#unserved(method, path, `(${describeNetworkFault(error, allowedMs)})`);
        // A try cut short by the limit says less than the one before it.
        if (attempt === 0 || allowedMs >= requestMs) seen = describeNetworkFault(error, allowedMs);
      }
      // A server that asks for more patience than there is left gets none: the error comes now, not at the limit.
      if (wait >= this.#deadline.left) break;
      await pause(wait, this.#deadline);
    }
    throw this.#unserved(method, path, `within ${this.#limits.totalMs / 1000} s (last: ${seen})`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} how
   * @param {string} [advice]
   */
  #unserved(method, path, how, advice = this.#settings.advice) {
    const { who, baseUrl } = this.#settings;
    return new ApiError(`${who} at ${baseUrl} did not serve ${method} ${path} ${how}. ${advice}`);
  }
}

/** @type {Send} */
async function sendByFetch(url, { headers, body, ...options }) {
  const response = await fetch(url, { ...options, body: body ?? null, headers: sendable(headers), redirect: "manual" });
  return { status: response.status, text: await response.text(), header: (name) => response.headers.get(name) };
}

/**
 * Refused in node:http's words: those of Headers say neither that trying again is no use, nor so little of the credential. And by its
 * measure: Headers takes control characters, at which fetch fails as at a broken connection.
 * @type {(headers: Headers) => globalThis.Headers}
 */
function sendable(headers) {
  try {
    const held = new Headers(headers);
    held.forEach((value, name) => validateHeaderValue(name, value));
    return held;
  } catch {
    throw Object.assign(new Error("a header holds no such text"), { code: UNSENDABLE });
  }
}

/** @type {(text: string) => string} */
function messageOf(text) {
  const answer = parseJson(text);
  const message = isObject(answer) ? answer.message : undefined;
  return typeof message === "string" ? message : text.trim().slice(0, 200) || "no message";
}

/**
 * Seconds or a date (RFC 9110, 10.2.3).
 * @type {(header: string | null | undefined) => number | undefined}
 */
function retryAfter(header) {
  if (!header) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? wait : undefined;
}

/**
 * A certificate that is not trusted: trying again does not cure it.
 * @type {(error: unknown) => boolean}
 */
function isLasting(error) {
  return /CERT|ISSUER|LEAF_SIGNATURE/.test(codeOf(causeOf(error)));
}

/** @type {(error: unknown, allowedMs: number) => string} */
function describeNetworkFault(error, allowedMs) {
  if (asError(error).name === "TimeoutError") return `no answer within ${allowedMs / 1000} s`;
  const cause = causeOf(error);
  return codeOf(cause) || asError(cause).message;
}

/**
 * What fetch met, inside its own error.
 * @type {(error: unknown) => unknown}
 */
function causeOf(error) {
  return asError(error).cause ?? error;
}
