import { ApiCalls, ApiError } from "./api-calls.mjs";
import { KNOWN_VERSIONS, releaseOf, releaseWithoutVersion } from "./headscale-versions.mjs";
import { sendTrusting } from "./https-request.mjs";
import { isObject, parseJson } from "../run/json.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { ApiLimits, ApiReply } from "./api-calls.mjs" */
/** @import { HeadscaleAccess } from "../run/credentials.mjs" */
/** @import { HeadscaleRelease } from "./headscale-versions.mjs" */

/** A self-hosted control server's REST interface (gen/openapiv2/headscale/v1 in headscale's source). */
export class HeadscaleApi {
  #access;
  #calls;
  /** @type {HeadscaleRelease | undefined} */
  #release;

  /**
   * @param {HeadscaleAccess} access
   * @param {Partial<ApiLimits>} [limits]
   */
  constructor(access, limits = {}) {
    this.#access = access;
    this.#calls = new ApiCalls(
      {
        baseUrl: access.loginServer,
        who: "headscale",
        advice: "Check your network, vpn.loginServer and vpn.caFile, and whether headscale runs; then run the same command again.",
        send: sendTrusting(access.caPem),
        // gRPC's answers come under 500 for all that headscale finds wrong; a proxy's own faults are no such JSON.
        isDefinite: (reply) => isUnauthorized(reply) || (reply.status >= 500 && Number.isInteger(objectIn(reply.text).code)),
      },
      limits,
    );
  }

  get deadline() {
    return this.#calls.deadline;
  }

  /**
   * One call below /api/v1. Refusals whose message `accept` matches are returned, others throw.
   * @param {string} method
   * @param {string} path
   * @param {{ readonly body?: object; readonly accept?: RegExp }} [options]
   * @returns {Promise<ApiReply & { json: Record<string, unknown> }>}
   */
  async call(method, path, { body, accept } = {}) {
    const headers = { authorization: `Bearer ${this.#access.apiKey}`, ...(body !== undefined && { "content-type": "application/json" }) };
    const reply = await this.#calls.call(method, `/api/v1${path}`, { headers, body: body && JSON.stringify(body) });
    if (reply.ok) return { ...reply, json: this.#jsonOf(method, path, reply) };
    if (!isUnauthorized(reply) && accept?.test(reply.message)) return { ...reply, json: {} };
    throw this.#refusal(method, path, reply);
  }

  /**
   * A page of a proxy's, taken for an answer, would say that there are no nodes and no policy.
   * @param {string} method
   * @param {string} path
   * @param {ApiReply} reply
   */
  #jsonOf(method, path, { status, text }) {
    const json = parseJson(text);
    if (isObject(json)) return json;
    throw new ApiError(
      `${method} /api/v1${path} at ${this.#access.loginServer} was answered by something that is no headscale (${status}: ${text.trim().slice(0, 80) || "nothing"}). ` +
        "Check vpn.loginServer, and that a proxy before it lets /api through.",
      status,
    );
  }

  /** What this server's release does; refuses one that is not known before anything is asked of it. */
  async release() {
    this.#release ??= await this.#askRelease();
    return this.#release;
  }

  async #askRelease() {
    const reply = await this.#calls.call("GET", "/version", { headers: {} });
    const { version } = reply.ok ? objectIn(reply.text) : {};
    const known = typeof version === "string" ? releaseOf(version) : reply.status === 404 ? await this.#describedRelease() : undefined;
    if (known) return known;
    const { loginServer } = this.#access;
    throw new ToolError(
      version === undefined
        ? `${loginServer} does not say which headscale it is (GET /version: ${reply.status}: ${reply.message}). Known are ${KNOWN_VERSIONS}. ` +
            "Check vpn.loginServer, and that a proxy before it lets /version and /swagger through."
        : `${loginServer} is headscale ${typeof version === "string" ? version : JSON.stringify(version)}, which this release does not know; nothing was changed. Known are ${KNOWN_VERSIONS}. ` +
            "Use one of them, or a newer release of this program.",
    );
  }

  async #describedRelease() {
    const { ok, text } = await this.#calls.call("GET", "/swagger/v1/openapiv2.json", { headers: {} });
    return ok ? releaseWithoutVersion(text) : undefined;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {ApiReply} reply
   */
  #refusal(method, path, reply) {
    const { status, message } = reply;
    const what = `${method} /api/v1${path} at ${this.#access.loginServer} was refused (${status}: ${message}).`;
    const remedy = isUnauthorized(reply)
      ? "The API key is expired or not this server's: make one by `headscale apikeys create --expiration 365d` and give it as " +
        "hybrid-k3s:headscaleApiKey (secret) or HYBRID_K3S_HEADSCALE_API_KEY."
      : "Look at headscale's log, and check vpn.loginServer.";
    return new ApiError(`${what} ${remedy}`, status);
  }
}

/**
 * A key that it has never seen brings 500 in 0.26 (hscontrol/app.go, httpAuthenticationMiddleware; run).
 * @type {(reply: ApiReply) => boolean}
 */
const isUnauthorized = ({ status, text }) => status === 401 || (status === 500 && text.trim() === "Unauthorized");

/** @type {(text: string) => Record<string, unknown>} */
function objectIn(text) {
  const value = parseJson(text);
  return isObject(value) ? value : {};
}
