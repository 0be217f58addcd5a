import { ApiCalls, ApiError, parseJson } from "./api-calls.mjs";

/** The tailnet's HTTP API (https://tailscale.com/api). */
export class TailnetApi {
  #access;
  #calls;
  #out;
  #token;

  constructor(access, out, limits = {}) {
    this.#access = access;
    this.#out = out;
    const advice = "Check your network and https://status.tailscale.com, then run the same command again.";
    this.#calls = new ApiCalls({ baseUrl: access.baseUrl, who: "The tailnet's API", advice }, limits);
  }

  get deadline() {
    return this.#calls.deadline;
  }

  /** Path below /tailnet/<name>. */
  inTailnet(path) {
    return `/api/v2/tailnet/${encodeURIComponent(this.#access.tailnet)}${path}`;
  }

  /**
   * One call; resolves with {status, text, etag}. `scope` names the scope of an OAuth client that the call needs;
   * statuses in `accept` beside 2xx are returned, others throw.
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
    const { tags } = this.#token ?? {};
    const list = Array.isArray(tags) ? tags : String(tags ?? "").split(/\s+/);
    const named = list.filter((tag) => String(tag).startsWith("tag:"));
    return named.length === 0 ? undefined : named;
  }

  async #bearer() {
    if (this.#access.apiKey) return this.#access.apiKey;
    this.#token ??= await this.#requestToken();
    return this.#token.access_token;
  }

  async #requestToken() {
    const { oauthClientId, oauthClientSecret } = this.#access;
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
    if (typeof token?.access_token !== "string")
      throw new ApiError(`${this.#access.baseUrl}${path} answered without an access_token. Check tailscale:baseUrl.`, reply.status);
    this.#out.keepSecret(token.access_token);
    return token;
  }

  #refusal(method, path, reply, scope) {
    const what = `${method} ${path} at ${this.#access.baseUrl} was refused (${reply.status}: ${reply.message}).`;
    if (reply.status === 401) {
      const credential = this.#access.apiKey
        ? "The API key is not valid any more (they live 90 days at most)"
        : "The OAuth client's token is not accepted";
      return new ApiError(
        `${what} ${credential}: give a current credential in the stack's config or in the environment (TAILSCALE_*).`,
        401,
      );
    }
    if (reply.status === 403 && scope) {
      const remedy = this.#access.apiKey
        ? `The owner of the API key lacks the right for it: use the key of an admin, or an OAuth client with the scope ${scope} (write).`
        : `The OAuth client lacks the scope ${scope} (write), or the tag for it: give it at https://login.tailscale.com/admin/settings/oauth.`;
      return new ApiError(`${what} ${remedy}`, 403);
    }
    return new ApiError(`${what} Check tailscale:baseUrl and tailscale:tailnet.`, reply.status);
  }
}
