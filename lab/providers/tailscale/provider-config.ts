import { readFileSync } from "node:fs";
import { type CheckFailure, checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, hasUnknown } from "../plugin/property-values";

export type Credentials =
  | { readonly kind: "apiKey"; readonly apiKey: string }
  | { readonly kind: "oauth"; readonly clientId: string; readonly clientSecret: string; readonly scopes: readonly string[] };

export interface ProviderConfig {
  readonly baseUrl: string;
  readonly tailnet: string;
  readonly credentials: Credentials;
}

/** Options of the engine itself, which come with the provider's own. */
const ENGINE_OPTIONS = ["version", "pluginDownloadURL"];

const UNSUPPORTED = ["identityToken", "identityTokenEnvironmentVariableName", "audience"];

/** Provider options arrive as strings, lists as JSON. */
export function checkConfig(config: Properties, type: ObjectType): readonly CheckFailure[] {
  const own = Object.fromEntries(Object.entries(config).filter(([name]) => !ENGINE_OPTIONS.includes(name)));
  const { scopes, ...rest } = own;
  const unsupported = UNSUPPORTED.filter((name) => own[name] !== undefined).map((property) => ({
    property,
    reason: "workload identity is not available in this stand-in for the tailscale provider",
  }));
  const wrongScopes = scopes === undefined || isScopeList(scopes) ? [] : [{ property: "scopes", reason: "must be a list of strings" }];
  return [...checkProperties(rest, type), ...unsupported, ...wrongScopes];
}

/**
 * Options, else the environment (tailscale/terraform-provider-tailscale: tailscale/provider_sdk.go). Undefined in a preview where an option
 * is not known yet.
 */
export function readConfig(config: Properties, environment: NodeJS.ProcessEnv): ProviderConfig | undefined {
  if (hasUnknown(config)) return undefined;
  const option = (name: string, ...variables: readonly string[]): string => {
    const given = config[name];
    const value =
      typeof given === "string" && given !== "" ? given : (variables.map((variable) => environment[variable]).find(Boolean) ?? "");
    return value.startsWith("file:") ? readFileSync(value.slice("file:".length), "utf8").trim() : value;
  };
  const apiKey = option("apiKey", "TAILSCALE_API_KEY");
  const clientId = option("oauthClientId", "TAILSCALE_OAUTH_CLIENT_ID", "OAUTH_CLIENT_ID");
  const clientSecret = option("oauthClientSecret", "TAILSCALE_OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_SECRET");
  assertCredentials(apiKey, clientId, clientSecret);
  return {
    baseUrl: option("baseUrl", "TAILSCALE_BASE_URL") || "https://api.tailscale.com",
    tailnet: option("tailnet", "TAILSCALE_TAILNET") || "-",
    credentials:
      apiKey !== "" ? { kind: "apiKey", apiKey } : { kind: "oauth", clientId, clientSecret, scopes: readScopes(config["scopes"]) },
  };
}

function assertCredentials(apiKey: string, clientId: string, clientSecret: string): void {
  if (apiKey === "" && clientId === "" && clientSecret === "") {
    throw new Error("tailscale provider credentials are empty: set 'api_key', or 'oauth_client_id' and 'oauth_client_secret'");
  }
  if (apiKey !== "" && (clientId !== "" || clientSecret !== "")) {
    throw new Error("tailscale provider credentials are conflicting: 'api_key' conflicts with 'oauth_client_id' and 'oauth_client_secret'");
  }
  if (apiKey === "" && clientId === "") throw new Error("tailscale provider argument 'oauth_client_id' is empty");
  if (clientId !== "" && clientSecret === "")
    throw new Error("tailscale provider argument 'oauth_client_secret' is mandatory with 'oauth_client_id'");
}

function readScopes(scopes: Properties[string] | undefined): readonly string[] {
  if (scopes === undefined || scopes === "") return [];
  return (typeof scopes === "string" ? JSON.parse(scopes) : scopes) as readonly string[];
}

function isScopeList(scopes: Properties[string]): boolean {
  try {
    const list = readScopes(scopes);
    return Array.isArray(list) && list.every((scope) => typeof scope === "string");
  } catch {
    return false;
  }
}
