import { ApiCalls, ApiError } from "./api-calls.mjs";
import { isList, isObject, parseJson } from "../run/json.mjs";

/** @import { ApiLimits, ApiReply, Headers } from "./api-calls.mjs" */
/** @import { TailnetAccess } from "../run/credentials.mjs" */
/** @import { ToolOutput } from "../run/output.mjs" */

/** @typedef {{ readonly accessToken: string; readonly scope: string | undefined; readonly tags: unknown }} Token */
/**
 * @typedef {object} TailnetCall
 * @property {string} [scope] That an OAuth client needs for the call.
 * @property {readonly number[]} [accept] Statuses beside 2xx that are returned; others throw.
 * @property {Headers} [headers]
 * @property {string} [body]
 */

/** The tailnet's HTTP API (https://tailscale.com/api). */
export class TailnetApi {
  #access;
  #calls;
  #out;
  /** @type {Token | undefined} */
  #token;

  /**
   * @param {TailnetAccess} access
   * @param {ToolOutput} out
   * @param {Partial<ApiLimits>} [limits]
   */
  constructor(access, out, limits = {}) {
    this.#access = access;
    this.#out = out;
    const advice = "Check your network and https://status.tailscale.com, then run the same command again.";
    this.#calls = new ApiCalls({ baseUrl: access.baseUrl, who: "The tailnet's API", advice }, limits);
  }

  get deadline() {
    return this.#calls.deadline;
  }

  /**
   * Path below /tailnet/<name>.
   * @param {string} path
   */
  inTailnet(path) {
    return `/api/v2/tailnet/${encodeURIComponent(this.#access.tailnet)}${path}`;
  }

  /**
   * One call.
   * @param {string} method
   * @param {string} path
   * @param {TailnetCall} [options]
   */
  async call(method, path, { scope, accept = [], headers = {}, body } = {}) {
    const token = await this.#bearer();
    const reply = await this.#calls.call(method, path, { headers: { authorization: `Bearer ${token}`, ...headers }, body });
    if (reply.ok || accept.includes(reply.status)) return reply;
    throw this.#refusal(method, path, reply, scope);
  }

  /** The scopes of the token, where the API tells them; an API key has none and may do what its owner may. */
  async grantedScopes() {
    await this.#bearer();
    return this.#token?.scope?.split(/\s+/).filter(Boolean);
  }

  /** The tags of the OAuth client, as the token's answer lists them (tailscale/tailscale#15456); undefined for an API key, or where it lists none. */
  async clientTags() {
    await this.#bearer();
    const tags = this.#token?.tags;
    const list = isList(tags) ? tags.map(String) : (typeof tags === "string" ? tags : "").split(/\s+/);
    const named = list.filter((tag) => tag.startsWith("tag:"));
    return named.length === 0 ? undefined : named;
  }

  get #isKey() {
    return "apiKey" in this.#access.credential;
  }

  async #bearer() {
    const { credential } = this.#access;
    if ("apiKey" in credential) return credential.apiKey;
    this.#token ??= await this.#requestToken(credential);
    return this.#token.accessToken;
  }

  /**
   * @param {{ readonly oauthClientId: string; readonly oauthClientSecret: string }} client
   * @returns {Promise<Token>}
   */
  async #requestToken({ oauthClientId, oauthClientSecret }) {
    const path = "/api/v2/oauth/token";
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: oauthClientId,
      client_secret: oauthClientSecret,
    }).toString();
    const reply = await this.#calls.call("POST", path, { headers: { "content-type": "application/x-www-form-urlencoded" }, body });
    if (!reply.ok) {
      throw new ApiError(
        `${this.#access.baseUrl} refuses the OAuth client ${oauthClientId} (${reply.status}: ${reply.message}). It may be revoked or its secret rotated: ` +
          "give the current one (config tailscale:oauthClientId and tailscale:oauthClientSecret, or TAILSCALE_OAUTH_CLIENT_ID and TAILSCALE_OAUTH_CLIENT_SECRET in the environment).",
        reply.status,
      );
    }
    const token = parseJson(reply.text);
    if (!isObject(token) || typeof token.access_token !== "string")
      throw new ApiError(`${this.#access.baseUrl}${path} answered without an access_token. Check tailscale:baseUrl.`, reply.status);
    const { access_token: accessToken, scope, tags } = token;
    this.#out.keepSecret(accessToken);
    return { accessToken, scope: typeof scope === "string" ? scope : undefined, tags };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {ApiReply} reply
   * @param {string} [scope]
   */
  #refusal(method, path, reply, scope) {
    const what = `${method} ${path} at ${this.#access.baseUrl} was refused (${reply.status}: ${reply.message}).`;
    if (reply.status === 401) {
      const fault = this.#isKey
        ? "The API key is not valid any more (they live 90 days at most)"
        : "The OAuth client's token is not accepted";
      return new ApiError(`${what} ${fault}: give a current credential in the stack's config or in the environment (TAILSCALE_*).`, 401);
    }
    if (reply.status === 403 && scope) {
      const remedy = this.#isKey
        ? `The owner of the API key lacks the right for it: use the key of an admin, or an OAuth client with the scope ${scope} (write).`
        : `The OAuth client lacks the scope ${scope} (write), or the tag for it: give it at https://login.tailscale.com/admin/settings/oauth.`;
      return new ApiError(`${what} ${remedy}`, 403);
    }
    return new ApiError(`${what} Check tailscale:baseUrl and tailscale:tailnet.`, reply.status);
  }
}
