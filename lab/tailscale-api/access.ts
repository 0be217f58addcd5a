import { forbidden, unauthorized } from "./api-error";
import type { StateStore } from "./state-store";

/** Who asks: a user by an API key (all rights), or an OAuth client by a token (its scopes and tags). */
export type Actor =
  | { readonly kind: "user"; readonly user: string }
  | {
      readonly kind: "client";
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly tags: readonly string[];
      /** The scopes that this request made use of, for the request log. */
      readonly used: Set<string>;
    };

export type Scope = "auth_keys" | "oauth_keys" | "policy_file" | "devices:core" | "devices:routes" | "services";

/** Scopes of before October 2024 that still work (https://tailscale.com/kb/1215/oauth-clients, "Legacy scopes"). */
const legacyScopes: Readonly<Record<string, readonly Scope[]>> = {
  acl: ["policy_file"],
  devices: ["devices:core", "devices:routes", "auth_keys"],
};

/** The actor of an Authorization header: Bearer token, or Basic with the token as user name. */
export function identify(store: StateStore, authorization: string | undefined, now: Date): Actor {
  const token = tokenOf(authorization);
  const isAlive = (expires: string): boolean => Date.parse(expires) > now.getTime();
  const apiKey = store.current.apiKeys.find((key) => key.secret === token);
  if (apiKey !== undefined && isAlive(apiKey.expires)) return { kind: "user", user: apiKey.user };
  const access = store.current.tokens.find((candidate) => candidate.secret === token);
  const client = store.current.clients.find((candidate) => candidate.id === access?.clientId);
  if (access !== undefined && client !== undefined && isAlive(access.expires)) {
    return { kind: "client", clientId: client.id, scopes: access.scopes, tags: client.tags, used: new Set() };
  }
  // A client's secret is known to the vendor but has no rights itself: 403, not 401 (tailscale/tailscale#15969).
  if (store.current.clients.some((candidate) => candidate.secret === token)) throw forbidden();
  throw unauthorized();
}

/** Whether the scopes hold `scope`, for reading or for writing too. */
export function hasScope(scopes: readonly string[], scope: Scope, right: "read" | "write"): boolean {
  const holders = ["all", scope, ...Object.keys(legacyScopes).filter((legacy) => legacyScopes[legacy]?.includes(scope) === true)];
  return scopes.some((held) => holders.includes(held) || (right === "read" && holders.some((holder) => held === `${holder}:read`)));
}

export function may(actor: Actor, scope: Scope, right: "read" | "write"): boolean {
  if (actor.kind === "user") return true;
  const isGranted = hasScope(actor.scopes, scope, right);
  if (isGranted) actor.used.add(right === "read" ? `${scope}:read` : scope);
  return isGranted;
}

export function requireScope(actor: Actor, scope: Scope, right: "read" | "write"): void {
  if (!may(actor, scope, right)) throw forbidden();
}

/** Splits "Basic ..." into user name and password. */
export function readBasic(authorization: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString();
  const at = text.indexOf(":");
  return at < 0 ? { user: text, password: "" } : { user: text.slice(0, at), password: text.slice(at + 1) };
}

function tokenOf(authorization: string | undefined): string {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1] ?? readBasic(authorization)?.user;
  if (token === undefined || token === "") throw unauthorized();
  return token;
}
