import { ApiError } from "./api-error";
import type { Credentials } from "./provider-config";

const REQUEST_LIMIT_MS = 60_000;
/** A token is taken for dead a little before it is, as golang.org/x/oauth2 does. */
const TOKEN_MARGIN_MS = 10_000;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below /api/v2/tailnet/<tailnet>/ */
  readonly path: readonly string[];
  readonly body?: string;
  readonly contentType?: string;
}

/** The Tailscale API v2 as tailscale.com/client/tailscale/v2 calls it. */
export class ApiClient {
  private token: { readonly value: string; readonly expires: number } | undefined;

  constructor(
    private readonly baseUrl: string,
    private readonly tailnet: string,
    private readonly credentials: Credentials,
    private readonly userAgent: string,
  ) {}

  /** The answer's text; an answer of 400 and above is an ApiError. */
  async send({ method, path, body, contentType = "application/json" }: ApiRequest): Promise<string> {
    const url = this.url("tailnet", this.tailnet, ...path);
    const response = await this.fetch(url, {
      method,
      headers: {
        "User-Agent": this.userAgent,
        Authorization: await this.authorization(),
        [body === undefined ? "Accept" : "Content-Type"]: contentType,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (response.status >= 400) throw ApiError.fromAnswer(response.status, text);
    return text;
  }

  private url(...path: readonly string[]): string {
    return [this.baseUrl.replace(/\/+$/, ""), "api/v2", ...path.map(encodeURIComponent)].join("/");
  }

  private async authorization(): Promise<string> {
    const { credentials } = this;
    if (credentials.kind === "apiKey") return basic(credentials.apiKey, "");
    if (this.token === undefined || Date.now() > this.token.expires) this.token = await this.fetchToken(credentials);
    return `Bearer ${this.token.value}`;
  }

  private async fetchToken({
    clientId,
    clientSecret,
    scopes,
  }: Extract<Credentials, { kind: "oauth" }>): Promise<{ value: string; expires: number }> {
    const form = { grant_type: "client_credentials", ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}) };
    const request = (fields: Record<string, string>, headers: Record<string, string>): Promise<Response> =>
      this.fetch(this.url("oauth", "token"), {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(fields).toString(),
      });
    let response = await request(form, { Authorization: basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret)) });
    // golang.org/x/oauth2 finds out by trying where the server wants the client's credentials.
    if (!response.ok) response = await request({ ...form, client_id: clientId, client_secret: clientSecret }, {});
    const text = await response.text();
    if (!response.ok) throw new Error(`oauth2: cannot fetch token: ${response.status} ${response.statusText}\nResponse: ${text}`);
    const { access_token: value, expires_in: seconds = 3600 } = JSON.parse(text) as { access_token?: string; expires_in?: number };
    if (value === undefined) throw new Error("oauth2: server response missing access_token");
    return { value, expires: Date.now() + seconds * 1000 - TOKEN_MARGIN_MS };
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
    } catch (error) {
      const { cause } = error as Error;
      const reason = cause instanceof Error && cause.message !== "" ? cause.message : (error as Error).message;
      throw new Error(`${init.method ?? "GET"} ${url}: ${reason}`, { cause: error });
    }
  }
}

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
