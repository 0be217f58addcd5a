import { Deadline, pause } from "./deadline.mjs";
import { ToolError } from "./tool-error.mjs";

export const API_LIMITS = { requestMs: 10_000, totalMs: 45_000, firstPauseMs: 500, longestPauseMs: 8_000 };

/** A call that the API refused for a reason that trying again cannot cure. */
export class ApiError extends ToolError {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * The tailnet's HTTP API (https://tailscale.com/api), with a time limit over all calls together. Too many requests,
 * server faults and broken connections are tried again within it.
 */
export class TailnetApi {
  #access;
  #limits;
  #deadline;
  #out;
  #token;

  constructor(access, out, limits = {}) {
    this.#access = access;
    this.#out = out;
    this.#limits = { ...API_LIMITS, ...limits };
    this.#deadline = new Deadline(this.#limits.totalMs);
  }

  get deadline() {
    return this.#deadline;
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
    const reply = await this.#send(method, path, { headers: { authorization: `Bearer ${token}`, ...headers }, body });
    if (reply.ok || accept.includes(reply.status)) return reply;
    throw this.#refusal(method, path, reply, scope);
  }

  /** The scopes of the token, where the API tells them; an API key has none and may do what its owner may. */
  async grantedScopes() {
    await this.#bearer();
    return this.#token?.scope?.split(/\s+/).filter(Boolean);
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
    const reply = await this.#send("POST", path, { headers: { "content-type": "application/x-www-form-urlencoded" }, body });
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

  async #send(method, path, { headers, body }) {
    const { requestMs, firstPauseMs, longestPauseMs } = this.#limits;
    let seen = "no time was left";
    for (let attempt = 0; !this.#deadline.over; attempt += 1) {
      let wait = Math.min(firstPauseMs * 2 ** attempt, longestPauseMs);
      const allowedMs = Math.ceil(Math.min(requestMs, this.#deadline.left));
      try {
        const signal = AbortSignal.timeout(allowedMs);
        const response = await fetch(this.#access.baseUrl + path, { method, headers, body, signal, redirect: "error" });
        const text = await response.text();
        const reply = {
          status: response.status,
          ok: response.ok,
          text,
          etag: response.headers.get("etag") ?? undefined,
          message: messageOf(text),
        };
        if (response.status !== 429 && response.status < 500) return reply;
        seen = `${response.status}: ${reply.message}`;
        wait = retryAfter(response.headers.get("retry-after")) ?? wait;
      } catch (error) {
        // A try cut short by the limit says less than the one before it.
        if (attempt === 0 || allowedMs >= requestMs) seen = describeNetworkFault(error, allowedMs);
      }
      // A server that asks for more patience than there is left gets none: the error comes now, not at the limit.
      if (wait >= this.#deadline.left) break;
      await pause(wait, this.#deadline);
    }
    throw new ApiError(
      `The tailnet's API at ${this.#access.baseUrl} did not serve ${method} ${path} within ${this.#limits.totalMs / 1000} s (last: ${seen}). ` +
        "Check your network and https://status.tailscale.com, then run the same command again.",
    );
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

function messageOf(text) {
  const message = parseJson(text)?.message;
  return typeof message === "string" ? message : text.trim().slice(0, 200) || "no message";
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Seconds or a date (RFC 9110, 10.2.3).
function retryAfter(header) {
  if (!header) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function describeNetworkFault(error, allowedMs) {
  if (error.name === "TimeoutError") return `no answer within ${allowedMs / 1000} s`;
  const cause = error.cause ?? error;
  return cause.code ?? cause.message ?? String(error);
}
