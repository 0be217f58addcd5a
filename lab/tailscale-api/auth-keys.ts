import type { Actor } from "./access";
import { may, requireScope } from "./access";
import { ApiError, keyNotFound } from "./api-error";
import type { HeadscaleClient } from "./headscale-client";
import type { ApiResponse } from "./http-types";
import type { PolicyDocument } from "./policy/policy-document";
import type { Shape } from "./shape";
import { readShape } from "./shape";
import type { ApiKey, AuthKey, OauthClient, StateStore } from "./state-store";
import { newId } from "./state-store";
import { requireTags } from "./tag-ownership";
import type { UserDirectory } from "./user-directory";
import { TAGGED_DEVICES } from "./user-directory";

const NINETY_DAYS = 90 * 24 * 3600;

const requestShape: Shape = {
  fields: {
    keyType: "string",
    description: "string",
    expirySeconds: "number",
    capabilities: {
      fields: {
        devices: {
          fields: { create: { fields: { reusable: "boolean", ephemeral: "boolean", preauthorized: "boolean", tags: { list: "string" } } } },
        },
      },
    },
  },
};

interface NewKeyRequest {
  readonly keyType?: string;
  readonly description?: string;
  readonly expirySeconds?: number;
  readonly capabilities?: {
    readonly devices?: {
      readonly create?: {
        readonly reusable?: boolean;
        readonly ephemeral?: boolean;
        readonly preauthorized?: boolean;
        readonly tags?: readonly string[] | null;
      };
    };
  };
}

export interface PersonalKey {
  readonly tags?: readonly string[];
  readonly reusable?: boolean;
  readonly ephemeral?: boolean;
  readonly expirySeconds?: number;
}

/** The keys resource: https://tailscale.com/api#tag/keys. */
export class AuthKeys {
  constructor(
    private readonly store: StateStore,
    private readonly headscale: HeadscaleClient,
    private readonly users: UserDirectory,
    private readonly policy: () => PolicyDocument,
  ) {}

  async create(actor: Actor, body: unknown, now: Date): Promise<ApiResponse> {
    requireScope(actor, "auth_keys", "write");
    const wanted = readShape(requestShape, body) as NewKeyRequest;
    if ((wanted.keyType ?? "auth") !== "auth")
      throw new ApiError(400, `keyType ${wanted.keyType ?? ""} is valid at the vendor, but not in the lab`);
    if (wanted.capabilities?.devices === undefined) throw new ApiError(400, "capabilities.devices is required");
    const tags = wanted.capabilities.devices.create?.tags ?? [];
    requireTags(actor, this.policy(), tags);
    const key = await this.make(actor, wanted, tags, now);
    return { status: 200, json: { ...describeAuthKey(key, false), key: key.secret } };
  }

  async get(actor: Actor, id: string, now: Date): Promise<ApiResponse> {
    const state = this.store.current;
    const key = state.authKeys.find((candidate) => candidate.id === id);
    if (key !== undefined && may(actor, "auth_keys", "read"))
      return { status: 200, json: describeAuthKey(key, isInvalid(key, await this.usedSecrets([key]), now)) };
    const client = state.clients.find((candidate) => candidate.id === id);
    if (client !== undefined && may(actor, "oauth_keys", "read")) return { status: 200, json: describeClient(client) };
    const apiKey = state.apiKeys.find((candidate) => candidate.id === id);
    if (apiKey !== undefined && actor.kind === "user") return { status: 200, json: describeApiKey(apiKey) };
    if (actor.kind === "client") requireScope(actor, "auth_keys", "read");
    throw keyNotFound();
  }

  /** Active keys only; without all=true a user sees their own, a client's token the OAuth clients (the vendor's OpenAPI file, listTailnetKeys). */
  async list(actor: Actor, all: boolean, now: Date): Promise<ApiResponse> {
    if (!may(actor, "auth_keys", "read") && !may(actor, "oauth_keys", "read")) requireScope(actor, "auth_keys", "read");
    const { authKeys, clients, apiKeys } = this.store.current;
    const isOwn = (owner: string | undefined): boolean => actor.kind === "user" && owner === actor.user;
    const visible = may(actor, "auth_keys", "read") ? authKeys.filter((key) => all || isOwn(key.owner)) : [];
    const used = await this.usedSecrets(visible);
    const keys = [
      ...visible.filter((key) => !isInvalid(key, used, now)).map((key) => describeAuthKey(key, false)),
      ...(may(actor, "oauth_keys", "read") && (all || actor.kind === "client") ? clients.map(describeClient) : []),
      ...(actor.kind === "user" ? apiKeys.filter((key) => all || isOwn(key.user)).map(describeApiKey) : []),
    ];
    return { status: 200, json: { keys } };
  }

  async delete(actor: Actor, id: string, now: Date): Promise<ApiResponse> {
    requireScope(actor, "auth_keys", "write");
    const key = this.store.current.authKeys.find((candidate) => candidate.id === id);
    if (key === undefined || key.revoked !== undefined) throw keyNotFound();
    await this.headscale.expireKey(key.headscaleUser, key.secret);
    this.replace({ ...key, revoked: now.toISOString() });
    return { status: 200, json: null };
  }

  /** For the lab's tests: a person makes a key in the console, with any tag. */
  createForPerson(user: string, wanted: PersonalKey, now: Date): Promise<AuthKey> {
    const { tags = [], reusable = false, ephemeral = false, expirySeconds } = wanted;
    const capabilities = { devices: { create: { reusable, ephemeral, preauthorized: true } } };
    return this.make({ kind: "user", user }, { capabilities, ...(expirySeconds === undefined ? {} : { expirySeconds }) }, tags, now);
  }

  /** For the lab's tests: the key's time is over. */
  async expire(id: string, now: Date): Promise<void> {
    const key = this.store.current.authKeys.find((candidate) => candidate.id === id);
    if (key === undefined) throw keyNotFound();
    await this.headscale.expireKey(key.headscaleUser, key.secret);
    this.replace({ ...key, expires: now.toISOString() });
  }

  /** Every key ever made, for the lab's tests. */
  async inspect(now: Date): Promise<readonly { readonly key: AuthKey; readonly used: boolean; readonly invalid: boolean }[]> {
    const all = this.store.current.authKeys;
    const used = await this.usedSecrets(all);
    return all.map((key) => ({ key, used: used.has(key.secret), invalid: isInvalid(key, used, now) }));
  }

  private async usedSecrets(keys: readonly AuthKey[]): Promise<ReadonlySet<string>> {
    const accounts = [...new Set(keys.map((key) => key.headscaleUser))];
    const lists = await Promise.all(accounts.map((account) => this.headscale.keys(account)));
    return new Set(lists.flat().flatMap(({ key, used }) => (used ? [key] : [])));
  }

  private async make(actor: Actor, wanted: NewKeyRequest, tags: readonly string[], now: Date): Promise<AuthKey> {
    const expirySeconds = wanted.expirySeconds === undefined || wanted.expirySeconds === 0 ? NINETY_DAYS : wanted.expirySeconds;
    if (expirySeconds < 1 || expirySeconds > NINETY_DAYS) throw new ApiError(400, "expirySeconds must be between 1 second and 90 days");
    const description = checkDescription(wanted.description ?? "");
    const { reusable = false, ephemeral = false, preauthorized = false } = wanted.capabilities?.devices?.create ?? {};
    const owner = actor.kind === "user" ? actor.user : undefined;
    const account = await this.users.ensure(tags.length > 0 || owner === undefined ? TAGGED_DEVICES : owner);
    const expires = new Date(now.getTime() + expirySeconds * 1000).toISOString();
    const made = await this.headscale.createKey({ user: account.id, reusable, ephemeral, expiration: expires, aclTags: tags });
    const key: AuthKey = {
      ...{ id: newId(), secret: made.key, headscaleUser: account.id, ...(owner === undefined ? {} : { owner }), description },
      ...{ reusable, ephemeral, preauthorized, tags, created: now.toISOString(), expires, expirySeconds },
    };
    this.store.update({ authKeys: [...this.store.current.authKeys, key] });
    return key;
  }

  private replace(key: AuthKey): void {
    this.store.update({ authKeys: this.store.current.authKeys.map((candidate) => (candidate.id === key.id ? key : candidate)) });
  }
}

/** Expired, revoked, or single-use and used. */
function isInvalid(key: AuthKey, used: ReadonlySet<string>, now: Date): boolean {
  return key.revoked !== undefined || Date.parse(key.expires) <= now.getTime() || (!key.reusable && used.has(key.secret));
}

// Letters, digits, hyphens and spaces (the vendor's OpenAPI file); what is over 50 characters is cut off silently (tailscale/terraform-provider-tailscale#320).
function checkDescription(description: string): string {
  if (!/^[a-zA-Z0-9 -]*$/.test(description)) throw new ApiError(400, "key description had invalid characters");
  return description.slice(0, 50);
}

function describeAuthKey(key: AuthKey, invalid: boolean): Record<string, unknown> {
  const { id, description, created, expires, expirySeconds, revoked, owner, reusable, ephemeral, preauthorized, tags } = key;
  return {
    ...{ id, keyType: "auth", description, created, expires, expirySeconds, invalid, ...(revoked === undefined ? {} : { revoked }) },
    capabilities: { devices: { create: { reusable, ephemeral, preauthorized, ...(tags.length > 0 ? { tags } : {}) } } },
    ...(owner === undefined ? {} : { userId: owner }),
  };
}

function describeClient(client: OauthClient): Record<string, unknown> {
  const { id, description, created, scopes, tags } = client;
  return { id, keyType: "client", description, created, scopes, tags, invalid: false };
}

function describeApiKey(key: ApiKey): Record<string, unknown> {
  const { id, created, expires, user } = key;
  return { id, keyType: "api", description: "", created, expires, scopes: ["all"], userId: user, invalid: false };
}
