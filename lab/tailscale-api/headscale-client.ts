import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { promisify } from "node:util";
import type { HeadscaleAccess } from "./api-config";
import { ApiError } from "./api-error";

export interface HeadscaleUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface HeadscaleKey {
  readonly id: string;
  readonly key: string;
  readonly used: boolean;
}

export interface HeadscaleNode {
  readonly id: string;
  readonly machineKey: string;
  readonly nodeKey: string;
  readonly ipAddresses: readonly string[];
  /** The host name that the device reports. */
  readonly name: string;
  /** The name in DNS: the host name, with a suffix where it was taken. */
  readonly givenName: string;
  readonly user: HeadscaleUser;
  readonly createdAt: string;
  readonly lastSeen: string | null;
  readonly expiry: string | null;
  /** Until 0.27: of its key, and as it asked for them itself where the policy lets it. */
  readonly forcedTags?: readonly string[];
  readonly validTags?: readonly string[];
  /** From 0.28 on: all that it has. */
  readonly tags?: readonly string[];
  readonly online: boolean;
  readonly preAuthKey: { readonly ephemeral: boolean } | null;
  readonly approvedRoutes: readonly string[];
  readonly availableRoutes: readonly string[];
}

export function tagsOf({
  tags,
  forcedTags = [],
  validTags = [],
}: Pick<HeadscaleNode, "tags" | "forcedTags" | "validTags">): readonly string[] {
  return tags ?? [...new Set([...forcedTags, ...validTags])];
}

export interface NewHeadscaleKey {
  readonly user: string;
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  readonly expiration: string;
  readonly aclTags: readonly string[];
}

/** A refusal by headscale, with its own message. */
export class HeadscaleRefusal extends Error {}

const ANSWER_LIMIT_MS = 10_000;
// headscale closes a connection that was idle for 30 s (types.HTTPTimeout); a request on one that it is just closing would fail.
const IDLE_LIMIT_MS = 10_000;

/** headscale 0.26's REST interface (gen/openapiv2/headscale/v1 in its source). */
export class HeadscaleClient {
  private readonly agent: Agent;

  constructor(
    private readonly access: HeadscaleAccess,
    private readonly apiKey: string,
  ) {
    this.agent = new Agent({ keepAlive: true, timeout: IDLE_LIMIT_MS, ca: readFileSync(access.caFile), servername: access.hostName });
  }

  /** Makes an API key with headscale's own command, which talks to its unix socket. */
  static async createApiKey(access: HeadscaleAccess): Promise<string> {
    const { stdout } = await promisify(execFile)(access.program, ["-c", access.configFile, "apikeys", "create", "--expiration", "3650d"], {
      timeout: ANSWER_LIMIT_MS,
    });
    const key = stdout.trim().split("\n").at(-1) ?? "";
    // Two parts with a dot between them; from 0.28 on with dashes.
    if (!/^[\w-]+\.?[\w-]{16,}$/.test(key)) throw new Error("headscale apikeys create printed no key");
    return key;
  }

  async users(): Promise<readonly HeadscaleUser[]> {
    return (await this.call<{ users: HeadscaleUser[] }>("GET", "/user")).users;
  }

  async createUser(name: string, email: string): Promise<HeadscaleUser> {
    return (await this.call<{ user: HeadscaleUser }>("POST", "/user", { name, email })).user;
  }

  async keys(userId: string): Promise<readonly HeadscaleKey[]> {
    return (await this.call<{ preAuthKeys: HeadscaleKey[] }>("GET", `/preauthkey?user=${userId}`)).preAuthKeys;
  }

  async createKey(key: NewHeadscaleKey): Promise<HeadscaleKey> {
    return (await this.call<{ preAuthKey: HeadscaleKey }>("POST", "/preauthkey", key)).preAuthKey;
  }

  async expireKey(userId: string, key: string): Promise<void> {
    await this.call("POST", "/preauthkey/expire", { user: userId, key });
  }

  async nodes(): Promise<readonly HeadscaleNode[]> {
    return (await this.call<{ nodes: HeadscaleNode[] }>("GET", "/node")).nodes;
  }

  async deleteNode(id: string): Promise<void> {
    await this.call("DELETE", `/node/${id}`);
  }

  async expireNode(id: string): Promise<void> {
    await this.call("POST", `/node/${id}/expire`);
  }

  async approveRoutes(id: string, routes: readonly string[]): Promise<void> {
    await this.call("POST", `/node/${id}/approve_routes`, { routes });
  }

  async setTags(id: string, tags: readonly string[]): Promise<void> {
    await this.call("POST", `/node/${id}/tags`, { tags });
  }

  async setPolicy(policy: string): Promise<void> {
    await this.call("PUT", "/policy", { policy });
  }

  private call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { address, port, hostName } = this.access;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.agent,
          host: address,
          port,
          method,
          path: `/api/v1${path}`,
          timeout: ANSWER_LIMIT_MS,
          headers: {
            host: hostName,
            authorization: `Bearer ${this.apiKey}`,
            ...(payload === undefined ? {} : { "content-type": "application/json" }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(JSON.parse(text || "{}") as T);
            else reject(new HeadscaleRefusal(refusalMessage(text)));
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS / 1000} s`)));
      outgoing.on("error", (error) => reject(new ApiError(504, `control server away: ${error.message}`)));
      outgoing.end(payload);
    });
  }
}

function refusalMessage(text: string): string {
  try {
    const body = JSON.parse(text) as { message?: unknown };
    if (typeof body.message === "string") return body.message;
  } catch {
    // Not JSON (401 answers plain text): the text itself says it.
  }
  return text.trim();
}
