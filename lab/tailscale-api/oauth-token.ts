import { hasScope, readBasic } from "./access";
import type { Scope } from "./access";
import { ApiError, unauthorized } from "./api-error";
import type { ApiRequest, ApiResponse } from "./http-types";
import type { OauthClient, StateStore } from "./state-store";
import { newId, newSecret } from "./state-store";

const LIFETIME_SECONDS = 3600;

/** POST /oauth/token: client credentials by form fields or Basic (Go's oauth2 tries both) for a token of one hour. */
export function issueToken(store: StateStore, request: ApiRequest, now: Date): ApiResponse {
  const form = new URLSearchParams(request.body);
  const basic = readBasic(request.headers.authorization);
  const id = form.get("client_id") ?? decodeURIComponent(basic?.user ?? "");
  const secret = form.get("client_secret") ?? decodeURIComponent(basic?.password ?? "");
  const client = store.current.clients.find((candidate) => candidate.secret === secret && (id === "" || candidate.id === id));
  // 401 with this text: tailscale/gitops-acl-action#33.
  if (client === undefined) throw unauthorized();
  const wanted = (form.get("scope") ?? "").split(/[\s,]+/).filter((scope) => scope !== "");
  const scopes = wanted.length > 0 ? wanted : client.scopes;
  if (!scopes.every((scope) => mayGrant(client, scope))) {
    // Wording: adinhodovic/tailscale-exporter#34.
    throw new ApiError(403, `OAuth client cannot grant scopes ${JSON.stringify(wanted.join(" "))}`);
  }
  const token = newSecret("tskey-api", newId());
  const alive = store.current.tokens.filter((candidate) => Date.parse(candidate.expires) > now.getTime());
  const expires = new Date(now.getTime() + LIFETIME_SECONDS * 1000).toISOString();
  store.update({ tokens: [...alive, { secret: token, clientId: client.id, scopes, expires }] });
  // A `tags` field does not narrow the token: the answer names all the client's tags (tailscale/tailscale#15456).
  const tags = client.tags.length > 0 ? { tags: client.tags.join(" ") } : {};
  return {
    status: 200,
    json: { access_token: token, token_type: "Bearer", expires_in: LIFETIME_SECONDS, scope: scopes.join(" "), ...tags },
  };
}

function mayGrant(client: OauthClient, scope: string): boolean {
  if (client.scopes.includes(scope)) return true;
  const base = scope.replace(/:read$/, "");
  return hasScope(client.scopes, base as Scope, base === scope ? "write" : "read");
}
