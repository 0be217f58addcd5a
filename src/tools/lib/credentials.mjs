import { readFileSync } from "node:fs";
import { ToolError } from "./tool-error.mjs";

/**
 * SSH credentials of this run. Those in the environment win over those in state, so that a rotated key never strands a
 * node that is being removed.
 */
export function sshCredentials(given = {}, env, out) {
  const privateKey = fromEnv("HYBRID_K3S_SSH_PRIVATE_KEY", env) ?? given.privateKey;
  const bastionPrivateKey = fromEnv("HYBRID_K3S_BASTION_PRIVATE_KEY", env) ?? given.bastionPrivateKey ?? privateKey;
  out.keepSecret(privateKey);
  out.keepSecret(bastionPrivateKey);
  // With no key at all the operator's agent is the only way left, whatever the state says.
  const agentSocket = given.sshAgent || !privateKey ? env.SSH_AUTH_SOCK : undefined;
  return { privateKey, bastionPrivateKey, agentSocket };
}

/** How to talk to the tailnet's API, by the names of the Pulumi provider's own environment variables. */
export function tailnetAccess(given = {}, env, out) {
  const baseUrl = (env.TAILSCALE_BASE_URL || given.baseUrl || "https://api.tailscale.com").replace(/\/+$/, "");
  const access = { baseUrl, tailnet: env.TAILSCALE_TAILNET || given.tailnet || "-", ...apiCredential(given, env) };
  out.keepSecret(access.apiKey);
  out.keepSecret(access.oauthClientSecret);
  return access;
}

/** How to talk to a headscale: its URL and authority are the stack's, its key may be the environment's. */
export function headscaleAccess({ loginServer, caPem, apiKey: given }, env, out) {
  const apiKey = (fromEnv("HYBRID_K3S_HEADSCALE_API_KEY", env) ?? given)?.trim();
  if (!apiKey) {
    throw new ToolError(
      "No API key for headscale, neither in the stack's state nor in the environment. " +
        "Set HYBRID_K3S_HEADSCALE_API_KEY (or HYBRID_K3S_HEADSCALE_API_KEY_FILE) and run again.",
    );
  }
  out.keepSecret(apiKey);
  return { loginServer, caPem, apiKey };
}

function apiCredential(given, env) {
  const oauth = {
    oauthClientId: env.TAILSCALE_OAUTH_CLIENT_ID || given.oauthClientId,
    oauthClientSecret: env.TAILSCALE_OAUTH_CLIENT_SECRET || given.oauthClientSecret,
  };
  const complete = oauth.oauthClientId && oauth.oauthClientSecret;
  // A rotation may bring only the new secret: the client's id is then the one in state.
  if (complete && (env.TAILSCALE_OAUTH_CLIENT_ID || env.TAILSCALE_OAUTH_CLIENT_SECRET)) return oauth;
  if (env.TAILSCALE_API_KEY) return { apiKey: env.TAILSCALE_API_KEY };
  if (complete) return oauth;
  if (given.apiKey) return { apiKey: given.apiKey };
  throw new ToolError(
    "No credential for the tailnet's API, neither in the stack's state nor in the environment. " +
      "Set TAILSCALE_OAUTH_CLIENT_ID and TAILSCALE_OAUTH_CLIENT_SECRET (or TAILSCALE_API_KEY) and run again.",
  );
}

function fromEnv(name, env) {
  if (env[name]) return env[name];
  const path = env[`${name}_FILE`];
  if (!path) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ToolError(`${name}_FILE names ${path}, which cannot be read (${error.code}). Correct the path or unset the variable.`);
  }
}
