import { readFileSync } from "node:fs";
import { codeOf, ToolError } from "./tool-error.mjs";

/** @import { Env, ToolOutput } from "./output.mjs" */
/** @import { GivenCredentials, TailnetInput } from "./tool-input.mjs" */

/** @typedef {{ readonly privateKey: string | undefined; readonly bastionPrivateKey: string | undefined; readonly agentSocket: string | undefined }} SshCredentials */
/** @typedef {{ readonly apiKey: string } | { readonly oauthClientId: string; readonly oauthClientSecret: string }} ApiCredential */
/** @typedef {{ readonly baseUrl: string; readonly tailnet: string; readonly credential: ApiCredential }} TailnetAccess */
/** @typedef {{ readonly loginServer: string; readonly caPem: string | undefined; readonly apiKey: string }} HeadscaleAccess */

/**
 * SSH credentials of this run. Those in the environment win over those in state, so that a rotated key never strands a
 * node that is being removed.
 * @type {(given: GivenCredentials, env: Env, out: ToolOutput) => SshCredentials}
 */
export function sshCredentials(given, env, out) {
  const privateKey = fromEnv("HYBRID_K3S_SSH_PRIVATE_KEY", env) ?? given?.privateKey;
  const bastionPrivateKey = fromEnv("HYBRID_K3S_BASTION_PRIVATE_KEY", env) ?? given?.bastionPrivateKey ?? privateKey;
  out.keepSecret(privateKey);
  out.keepSecret(bastionPrivateKey);
  // With no key at all the operator's agent is the only way left, whatever the state says.
  const agentSocket = given?.sshAgent || !privateKey ? env.SSH_AUTH_SOCK : undefined;
  return { privateKey, bastionPrivateKey, agentSocket };
}

/**
 * How to talk to the tailnet's API, by the names of the Pulumi provider's own environment variables.
 * @type {(given: TailnetInput, env: Env, out: ToolOutput) => TailnetAccess}
 */
export function tailnetAccess(given, env, out) {
  const baseUrl = (env.TAILSCALE_BASE_URL || given.baseUrl || "https://api.tailscale.com").replace(/\/+$/, "");
  const credential = apiCredential(given, env);
  out.keepSecret("apiKey" in credential ? credential.apiKey : credential.oauthClientSecret);
  return { baseUrl, tailnet: env.TAILSCALE_TAILNET || given.tailnet || "-", credential };
}

/**
 * How to talk to a headscale: its URL and authority are the stack's, its key may be the environment's.
 * @type {(given: TailnetInput, env: Env, out: ToolOutput) => HeadscaleAccess}
 */
export function headscaleAccess({ loginServer, caPem, apiKey: given }, env, out) {
  const apiKey = (fromEnv("HYBRID_K3S_HEADSCALE_API_KEY", env) ?? given)?.trim();
  if (!apiKey) {
    throw new ToolError(
      "No API key for headscale, neither in the stack's state nor in the environment. " +
        "Set HYBRID_K3S_HEADSCALE_API_KEY (or HYBRID_K3S_HEADSCALE_API_KEY_FILE) and run again.",
    );
  }
  if (loginServer === undefined)
    throw new ToolError("The tool's input lacks tailnet.loginServer. Run `pulumi up` once to write the state again.");
  out.keepSecret(apiKey);
  return { loginServer, caPem, apiKey };
}

/** @type {(given: TailnetInput, env: Env) => ApiCredential} */
function apiCredential(given, env) {
  const oauthClientId = env.TAILSCALE_OAUTH_CLIENT_ID || given.oauthClientId;
  const oauthClientSecret = env.TAILSCALE_OAUTH_CLIENT_SECRET || given.oauthClientSecret;
  const oauth = oauthClientId && oauthClientSecret ? { oauthClientId, oauthClientSecret } : undefined;
  // A rotation may bring only the new secret: the client's id is then the one in state.
  if (oauth && (env.TAILSCALE_OAUTH_CLIENT_ID || env.TAILSCALE_OAUTH_CLIENT_SECRET)) return oauth;
  if (env.TAILSCALE_API_KEY) return { apiKey: env.TAILSCALE_API_KEY };
  if (oauth) return oauth;
  if (given.apiKey) return { apiKey: given.apiKey };
  throw new ToolError(
    "No credential for the tailnet's API, neither in the stack's state nor in the environment. " +
      "Set TAILSCALE_OAUTH_CLIENT_ID and TAILSCALE_OAUTH_CLIENT_SECRET (or TAILSCALE_API_KEY) and run again.",
  );
}

/** @type {(name: string, env: Env) => string | undefined} */
function fromEnv(name, env) {
  if (env[name]) return env[name];
  const path = env[`${name}_FILE`];
  if (!path) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ToolError(`${name}_FILE names ${path}, which cannot be read (${codeOf(error)}). Correct the path or unset the variable.`);
  }
}
