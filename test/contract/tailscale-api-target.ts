import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { enterPrivateNetwork } from "./tailscale-api-network";
import type { Emulation } from "./tailscale-api-setup";
import { startEmulation } from "./tailscale-api-setup";

/**
 * What the contract is checked against: the emulation, or the vendor's service given by LAB_TAILSCALE_API_CLIENT_ID, _CLIENT_SECRET,
 * _TAG (the client's or owned by it), _TAILNET (default "-") and _BASE_URL. Against the vendor only cases that leave the tailnet as it is run.
 */
export interface Target {
  /** Absent against the vendor. */
  readonly emulation?: Emulation;
  readonly tailnet: string;
  /** A client with the scopes auth_keys, policy_file and devices:core. */
  readonly client: { readonly id: string; readonly secret: string };
  /** A tag that the client may mint. */
  readonly tag: string;
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

export interface AskOptions {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to wait for the answer; 20 s by default. */
  readonly limitMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly etag: string;
  readonly text: string;
  /** The parsed body; {} where it is no JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** tag:admin is the client's own; it owns tag:edge. tag:other is nobody's. */
export const startingPolicy = `{
	// one line of somebody's own
	"groups": {"group:ops": ["alice@example.org", "nobody-yet@example.org"]},
	"tagOwners": {
		"tag:admin": [],
		"tag:edge": ["tag:admin"],
		"tag:other": ["group:ops"],
	},
	"acls": [
		{"action": "accept", "src": ["tag:edge"], "dst": ["tag:edge:6443", "10.42.0.0/16:*"]},
		{"action": "accept", "src": ["group:ops"], "dst": ["tag:edge:6443"]},
	],
	"autoApprovers": {"routes": {"10.42.0.0/16": ["tag:edge"]}},
}
`;

/** Resolves once the target serves: an emulation in a private network, where `file` runs a second time, or the vendor's service. */
export async function openTarget(file: string): Promise<Target> {
  const { LAB_TAILSCALE_API_CLIENT_ID: id, LAB_TAILSCALE_API_CLIENT_SECRET: secret, LAB_TAILSCALE_API_TAG: tag } = process.env;
  if (id !== undefined && secret !== undefined && tag !== undefined) {
    const base = process.env["LAB_TAILSCALE_API_BASE_URL"] ?? "https://api.tailscale.com";
    return {
      tailnet: process.env["LAB_TAILSCALE_API_TAILNET"] ?? "-",
      client: { id, secret },
      tag,
      ask: askAt(base),
      stop: () => Promise.resolve(),
    };
  }
  const emulation = await startEmulation(await enterPrivateNetwork(file));
  await emulation.admin.call("editPolicy", { text: startingPolicy });
  const client = await emulation.admin.call("createClient", { scopes: ["auth_keys", "policy_file", "devices:core"], tags: ["tag:admin"] });
  const ask = askAt("https://api.tailscale.com", emulation.prepared.labAuthority.certificateFile);
  return { emulation, tailnet: "-", client, tag: "tag:edge", ask, stop: emulation.stop };
}

function askAt(base: string, caFile?: string): Target["ask"] {
  const trust = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  return (method, path, { token, body, text, headers = {}, limitMs = 20_000 } = {}) =>
    new Promise((resolve, reject) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
      const outgoing = request(
        `${base}/api/v2${path}`,
        { method, headers: { ...authorization, ...headers }, timeout: limitMs, ...trust },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const content = Buffer.concat(chunks).toString();
            const { statusCode: status = 0, headers: answered } = response;
            resolve({ status, headers: answered, etag: answered.etag ?? "", text: content, json: parseObject(content) });
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${limitMs / 1000} s`)));
      outgoing.on("error", reject);
      outgoing.end(payload);
    });
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** A token of the client, or of another one. */
export async function tokenOf(target: Target, client = target.client, scope = ""): Promise<string> {
  const form = new URLSearchParams({ client_id: client.id, client_secret: client.secret, ...(scope === "" ? {} : { scope }) });
  const answer = await target.ask("POST", "/oauth/token", {
    text: form.toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  if (typeof answer.json["access_token"] !== "string") throw new Error(`no token: ${answer.status} ${answer.text}`);
  return answer.json["access_token"];
}

/** The emulation, in cases that are skipped without one. */
export function emulationOf(target: Target): Emulation {
  if (target.emulation === undefined) throw new Error("this case runs against the emulation only");
  return target.emulation;
}
