import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { validateCaFile } from "../values/validate-ca-file";

const at = (...parts: readonly (string | number)[]) => settingPath("vpn", ...parts);
const apiKeyPath = settingPath("headscaleApiKey");
const keyVariables = ["HYBRID_K3S_HEADSCALE_API_KEY", "HYBRID_K3S_HEADSCALE_API_KEY_FILE"];
const makeKey = `Make one by \`headscale apikeys create --expiration 365d\`, and run \`pulumi config set --secret ${apiKeyPath}\``;

/** A control server of the operator's own: its address, its authority, the key to its API. */
export function validateHeadscale(draft: ConfigDraft, given: GivenConfig): readonly ConfigIssue[] {
  if (draft.vpn?.mode !== "headscale") return refuseOutsideMode(draft, given);
  return [
    ...validateLoginServer(draft),
    ...(given.vpnCa === undefined ? [] : validateCaFile(at("caFile"), given.vpnCa, "control server")),
    ...validateApiKey(given),
    ...validateNames(draft),
    ...refuseOfTailscale(given),
  ];
}

function refuseOutsideMode({ vpn }: ConfigDraft, { settings }: GivenConfig): ConfigIssue[] {
  // Without a mode, or with one that is not known, that is the fault.
  if (vpn?.mode !== "tailscale") return [];
  const given = [
    ...(["loginServer", "caFile"] as const).filter((key) => vpn[key] !== undefined).map((key) => at(key)),
    ...(settings["headscaleApiKey"] === undefined ? [] : [apiKeyPath]),
  ];
  return given.map((path) => ({ path, problem: "is for the mode headscale", remedy: "Remove it, or write vpn.mode: headscale." }));
}

/** Nodes log in there and the API key travels there, so by https alone; headscale answers below no path. */
function validateLoginServer({ vpn }: ConfigDraft): ConfigIssue[] {
  const path = at("loginServer");
  const text = vpn?.loginServer;
  const remedy = "Write headscale's server_url, for example https://headscale.example.org.";
  if (text === undefined) return [{ path, problem: "is missing in the mode headscale", remedy }];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") return [{ path, problem: `${quote(text)} is no https URL`, remedy }];
  if (url.username !== "" || url.password !== "")
    return [{ path, problem: "has a login in it, which would be kept in plain text", remedy }];
  // An empty query or fragment, which a parsed URL does not tell, would swallow the paths of the API.
  if (url.pathname !== "/" || /[?#]/.test(text)) return [{ path, problem: `${quote(text)} has a path, a query or a fragment`, remedy }];
  if (!/^https:\/\/[^/\\]/.test(text)) return [{ path, problem: `${quote(text)} is no https URL`, remedy }];
  // Copied to hosts inside a file where commas and blanks part settings (k3s: pkg/vpn/vpn.go).
  if (/[,\s]/.test(text)) return [{ path, problem: `${quote(text)} has a comma or a blank in it`, remedy }];
  return [];
}

function validateApiKey({ settings, secretKeys, environment }: GivenConfig): ConfigIssue[] {
  const key = settings["headscaleApiKey"];
  const path = apiKeyPath;
  if (key === undefined) {
    if (keyVariables.some((name) => environment[name])) return [];
    return [{ path, problem: "is missing in the mode headscale", remedy: `${makeKey}; or set the variable ${keyVariables.join(" or ")}.` }];
  }
  if (typeof key !== "string") return [{ path, problem: "is no text", remedy: `${makeKey}.` }];
  return [
    ...(secretKeys.has(path)
      ? []
      : [
          {
            path,
            problem: "is a secret kept in plain text",
            remedy: `Run \`pulumi config set --secret ${path}\`; if others could read the stack file, expire it and make a new one.`,
          },
        ]),
    ...(key.trim().startsWith("tskey-") ? [{ path, problem: "is a key of Tailscale, not of a headscale", remedy: `${makeKey}.` }] : []),
  ];
}

/** headscale knows users, groups and tags, and no roles of a vendor's console (hscontrol/policy/v2/types.go). */
function validateNames({ vpn }: ConfigDraft): ConfigIssue[] {
  return (vpn?.operators ?? []).flatMap((operator, index) =>
    operator?.startsWith("autogroup:") && operator !== "autogroup:member"
      ? [
          {
            path: at("operators", index),
            problem: `${quote(operator)} is a role that headscale does not have`,
            remedy: "Name a group, or a user as headscale's policies write one: alice@.",
          },
        ]
      : [],
  );
}

function refuseOfTailscale({ tailscale }: GivenConfig): ConfigIssue[] {
  return Object.keys(tailscale).map((key) => ({
    path: `tailscale:${key}`,
    problem: "is for the mode tailscale, and vpn.mode is headscale",
    remedy: `Run \`pulumi config rm tailscale:${key}\`.`,
  }));
}
