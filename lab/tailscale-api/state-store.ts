import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";

export interface OauthClient {
  readonly id: string;
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly tags: readonly string[];
  readonly description: string;
  readonly created: string;
}

export interface ApiKey {
  readonly id: string;
  readonly secret: string;
  readonly user: string;
  readonly created: string;
  readonly expires: string;
}

export interface AccessToken {
  readonly secret: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly expires: string;
}

export interface AuthKey {
  readonly id: string;
  readonly secret: string;
  readonly headscaleUser: string;
  /** User who owns it; absent for the tailnet's own (made by an OAuth client). */
  readonly owner?: string;
  readonly description: string;
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  readonly preauthorized: boolean;
  readonly tags: readonly string[];
  readonly created: string;
  readonly expires: string;
  readonly expirySeconds: number;
  readonly revoked?: string;
}

/** A Tailscale Service: a name and addresses that several devices may stand behind. */
export interface Service {
  readonly name: string;
  readonly displayName?: string;
  /** The IPv4 address, then the IPv6 one. */
  readonly addrs: readonly string[];
  readonly comment: string;
  readonly ports: readonly string[];
  readonly tags: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ApiState {
  readonly headscaleApiKey?: string;
  readonly policy?: { readonly text: string; readonly untouched: boolean };
  readonly clients: readonly OauthClient[];
  readonly apiKeys: readonly ApiKey[];
  readonly tokens: readonly AccessToken[];
  readonly authKeys: readonly AuthKey[];
  readonly services: readonly Service[];
}

const empty: ApiState = { clients: [], apiKeys: [], tokens: [], authKeys: [], services: [] };

/** The state in memory, written whole to a 0600 file at each change, so that a restarted server knows its keys. */
export class StateStore {
  private state: ApiState;

  constructor(private readonly file: string) {
    this.state = readState(file);
  }

  get current(): ApiState {
    return this.state;
  }

  update(change: Partial<ApiState>): void {
    this.state = { ...this.state, ...change };
    writeFileSync(`${this.file}.new`, JSON.stringify(this.state, undefined, 1), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}

function readState(file: string): ApiState {
  try {
    return { ...empty, ...(JSON.parse(readFileSync(file, "utf8")) as Partial<ApiState>) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return empty;
    throw error;
  }
}

/** An identifier in the vendor's form, such as kXyz12CNTRL. */
export function newId(): string {
  return `k${randomText(8)}CNTRL`;
}

export function newSecret(prefix: "tskey-api" | "tskey-client", id: string): string {
  return `${prefix}-${id}-${randomText(32)}`;
}

function randomText(length: number): string {
  return randomBytes(length * 2)
    .toString("base64")
    .replace(/[^a-zA-Z0-9]/g, "")
    .slice(0, length);
}
