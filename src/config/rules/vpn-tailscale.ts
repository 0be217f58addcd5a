import type { ConfigIssue } from "../config-issue";
import type { GivenConfig } from "../given-config";
import { validateTailscaleSettings } from "./vpn-tailscale-settings";

const variables = {
  apiKey: "TAILSCALE_API_KEY",
  oauthClientId: "TAILSCALE_OAUTH_CLIENT_ID",
  oauthClientSecret: "TAILSCALE_OAUTH_CLIENT_SECRET",
} as const;
type Credential = keyof typeof variables;
const credentials = Object.keys(variables) as Credential[];
const secretCredentials = ["apiKey", "oauthClientSecret"] as const;
const setOauth = "`pulumi config set tailscale:oauthClientId ID` and `pulumi config set --secret tailscale:oauthClientSecret`";

/** How the stack proves itself to Tailscale's API: an OAuth client or an API key, from the config or the environment. */
export function validateTailscale(given: GivenConfig): readonly ConfigIssue[] {
  return [...validatePresence(given), ...validateSecrecy(given), ...validateKinds(given), ...validateTailscaleSettings(given)];
}

function sourceOf(credential: Credential, { tailscale, environment }: GivenConfig): string | undefined {
  if (tailscale[credential]) return `tailscale:${credential}`;
  return environment[variables[credential]] ? variables[credential] : undefined;
}

function validatePresence(given: GivenConfig): ConfigIssue[] {
  const apiKey = sourceOf("apiKey", given);
  const id = sourceOf("oauthClientId", given);
  const secret = sourceOf("oauthClientSecret", given);
  if (apiKey === undefined && id === undefined && secret === undefined) {
    return [
      {
        path: "tailscale:oauthClientId",
        problem: "is missing, and so is every other credential for Tailscale",
        remedy: `Run ${setOauth}, or set tailscale:apiKey, or the variables ${Object.values(variables).join(", ")}.`,
      },
    ];
  }
  // The provider refuses both, but only once resources are under way.
  const oauth = id ?? secret;
  if (apiKey !== undefined && oauth !== undefined) {
    return [
      {
        path: "tailscale:apiKey",
        problem: `is given twice over: by ${apiKey} and by ${oauth}`,
        remedy: "Keep the OAuth client or the API key, not both; look at the environment too.",
      },
    ];
  }
  if (apiKey !== undefined || (id !== undefined && secret !== undefined)) return [];
  const [has, lacks] = id === undefined ? ["oauthClientSecret", "oauthClientId"] : ["oauthClientId", "oauthClientSecret"];
  return [{ path: `tailscale:${lacks}`, problem: `is missing beside ${has}`, remedy: `An OAuth client has both: ${setOauth}.` }];
}

function validateSecrecy({ tailscale, secretKeys }: GivenConfig): ConfigIssue[] {
  return secretCredentials.flatMap((name) => {
    const path = `tailscale:${name}`;
    if (!tailscale[name] || secretKeys.has(path)) return [];
    return [
      {
        path,
        problem: "is a secret kept in plain text",
        remedy: `Run \`pulumi config set --secret ${path}\`; if others could read the stack file, revoke it and make a new one.`,
      },
    ];
  });
}

function validateKinds({ tailscale, environment }: GivenConfig): ConfigIssue[] {
  return credentials.flatMap((name) => {
    const value = tailscale[name] ?? environment[variables[name]] ?? "";
    const path = tailscale[name] === undefined ? variables[name] : `tailscale:${name}`;
    if (value.startsWith("file:")) {
      return [{ path, problem: "names a file, which the tools that remove nodes do not read", remedy: "Give the value itself." }];
    }
    if (name !== "oauthClientId" && value.startsWith("tskey-auth-")) {
      return [
        {
          path,
          problem: "is an auth key, which only joins devices",
          remedy: "Give an OAuth client's secret (tskey-client-...) or an API access token (tskey-api-...).",
        },
      ];
    }
    if (name === "apiKey" && value.startsWith("tskey-client-")) {
      return [
        {
          path,
          problem: "is the secret of an OAuth client",
          remedy: "Set it as tailscale:oauthClientSecret, with tailscale:oauthClientId beside it.",
        },
      ];
    }
    return [];
  });
}
