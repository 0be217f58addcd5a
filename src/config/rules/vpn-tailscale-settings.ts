import type { ConfigIssue } from "../config-issue";
import type { GivenConfig } from "../given-config";
import { nearestAmong } from "../nearest";

const federation = ["identityToken", "identityTokenEnvironmentVariableName", "audience"];
/** What the provider takes from the stack's config (@pulumi/tailscale/config). */
const known = ["apiKey", "oauthClientId", "oauthClientSecret", "baseUrl", "tailnet", "scopes", "userAgent", ...federation];
/** What the engine takes for every provider. */
const ofEngine = ["version", "pluginDownloadURL"];

/** The stack's `tailscale:*` keys beside the credential: which tailnet, and where its API is. */
export function validateTailscaleSettings(given: GivenConfig): readonly ConfigIssue[] {
  return [...validateNames(given), ...validateBaseUrl(given), ...validateSameEverywhere(given), ...validateFederation(given)];
}

function validateNames({ tailscale }: GivenConfig): ConfigIssue[] {
  return Object.keys(tailscale)
    .filter((name) => ![...known, ...ofEngine].includes(name))
    .map((name) => {
      const meant = nearestAmong(name, known);
      const remove = `Run \`pulumi config rm tailscale:${name}\`.`;
      return {
        path: `tailscale:${name}`,
        problem: "is not a known setting",
        remedy: meant === undefined ? remove : `Did you mean tailscale:${meant}? ${remove}`,
      };
    });
}

function validateBaseUrl({ tailscale, environment }: GivenConfig): ConfigIssue[] {
  const text = tailscale["baseUrl"] ?? environment["TAILSCALE_BASE_URL"];
  const path = tailscale["baseUrl"] === undefined ? "TAILSCALE_BASE_URL" : "tailscale:baseUrl";
  if (text === undefined || (URL.canParse(text) && new URL(text).protocol === "https:")) return [];
  return [
    {
      path,
      problem: `${JSON.stringify(text)} is no https URL`,
      remedy: "Remove it for https://api.tailscale.com, or write an https URL: credentials travel to it.",
    },
  ];
}

/** The provider, which makes keys and reads the policy, prefers the stack's; the tools, which write and remove, the environment's. */
function validateSameEverywhere({ tailscale, environment }: GivenConfig): ConfigIssue[] {
  return (["tailnet", "baseUrl"] as const).flatMap((name) => {
    const variable = { tailnet: "TAILSCALE_TAILNET", baseUrl: "TAILSCALE_BASE_URL" }[name];
    const [here, there] = [tailscale[name], environment[variable]].map((text) => text?.replace(/\/+$/, ""));
    if (!here || !there || here === there) return [];
    return [
      {
        path: `tailscale:${name}`,
        problem: `is ${JSON.stringify(tailscale[name])}, and ${variable} in the environment is ${JSON.stringify(environment[variable])}`,
        remedy: "Keep one of the two: keys would be made by the one, and the policy written and nodes removed by the other.",
      },
    ];
  });
}

function validateFederation({ tailscale }: GivenConfig): ConfigIssue[] {
  return federation.flatMap((name) =>
    tailscale[name] === undefined
      ? []
      : [{ path: `tailscale:${name}`, problem: "is not available yet", remedy: "Remove it, and use an OAuth client with its secret." }],
  );
}
