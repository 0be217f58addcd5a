import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface StoredKey {
  id: string;
  keyType: string;
  invalid: boolean;
  readonly [field: string]: unknown;
}

const DEFAULT_POLICY = "// The default.\n{}";

/** As much of the Tailscale API as the provider calls; it answers as told and remembers what was asked. */
export class FakeTailscaleApi {
  readonly calls: ApiCall[] = [];
  readonly keys = new Map<string, StoredKey>();
  readonly services = new Map<string, Record<string, unknown>>();
  private made = 0;
  policy = DEFAULT_POLICY;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  static async start(): Promise<FakeTailscaleApi> {
    const api = new FakeTailscaleApi();
    await new Promise<void>((resolve) => api.server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** What was asked, as `METHOD path` without the token requests. */
  asked(): string[] {
    return this.calls.map(({ method, path }) => `${method} ${path}`).filter((call) => !call.endsWith("/oauth/token"));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.calls.push(call);
    const { status, body } = this.route(call);
    response.writeHead(status, { "Content-Type": "application/json" }).end(typeof body === "string" ? body : JSON.stringify(body));
  }

  private route({ method, path, headers, body }: ApiCall): { status: number; body: unknown } {
    if (path === "/api/v2/oauth/token") {
      const known = headers.authorization === `Basic ${Buffer.from("client:hush").toString("base64")}`;
      return known
        ? { status: 200, body: { access_token: "token-1", expires_in: 3600 } }
        : { status: 401, body: { message: "API token invalid" } };
    }
    if (!["Bearer token-1", `Basic ${Buffer.from("api-key-1:").toString("base64")}`].includes(headers.authorization ?? "")) {
      return { status: 401, body: { message: "API token invalid" } };
    }
    const [, name] = /^\/api\/v2\/tailnet\/-\/vip-services\/(.+)$/.exec(decodeURIComponent(path)) ?? [];
    if (name !== undefined) return this.routeService(method, name, body);
    const [, id] = /^\/api\/v2\/tailnet\/-\/keys\/(.+)$/.exec(path) ?? [];
    if (id !== undefined) return this.routeKey(method, id);
    switch (`${method} ${path}`) {
      case "POST /api/v2/tailnet/-/keys":
        return { status: 200, body: this.addKey(JSON.parse(body) as Record<string, unknown>) };
      case "GET /api/v2/tailnet/-/acl":
        return { status: 200, body: this.policy };
    }
    return { status: 404, body: { message: "not found" } };
  }

  private addKey({ capabilities, description, expirySeconds }: Record<string, unknown>): StoredKey & { key: string } {
    const id = `k${++this.made}`;
    const times = { created: "2026-01-02T03:04:05.678Z", expires: "2026-01-03T03:04:05.678Z" };
    const stored = { id, keyType: "auth", invalid: false, capabilities, description, expirySeconds, userId: "u1", ...times };
    this.keys.set(id, stored);
    return { ...stored, key: `tskey-auth-${id}` };
  }

  private routeService(method: string, name: string, body: string): { status: number; body: unknown } {
    if (method === "PUT") {
      const sent = JSON.parse(body) as Record<string, unknown>;
      this.services.set(name, { addrs: ["100.127.0.1", "fd7a:115c:a1e0::7f00:1"], ...sent });
    }
    const service = this.services.get(name);
    if (service === undefined) return { status: 404, body: { message: "not found" } };
    if (method === "DELETE") this.services.delete(name);
    return { status: 200, body: method === "DELETE" ? {} : service };
  }

  private routeKey(method: string, id: string): { status: number; body: unknown } {
    const key = this.keys.get(id);
    if (key === undefined) return { status: 404, body: { message: "not found" } };
    if (method === "DELETE") this.keys.delete(id);
    return { status: 200, body: method === "DELETE" ? {} : key };
  }
}
