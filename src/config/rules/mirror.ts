import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { validateCaFile } from "../values/validate-ca-file";

export function validateMirror(draft: ConfigDraft, mirrorCa: GivenConfig["mirrorCa"]): readonly ConfigIssue[] {
  const { mirror } = draft;
  const urls = (["k3s", "tailscale"] as const).flatMap((key) => validateUrl(settingPath("mirror", key), mirror?.[key]));
  return [...urls, ...validateInstallSum(draft), ...validateCa(draft, mirrorCa)];
}

function validateInstallSum({ mirror }: ConfigDraft): ConfigIssue[] {
  const sum = mirror?.installSha256;
  if (sum === undefined) return [];
  const path = settingPath("mirror", "installSha256");
  if (!/^[0-9a-f]{64}$/.test(sum))
    return [
      { path, problem: `${quote(sum)} is no SHA-256`, remedy: "Write the 64 digits that sha256sum install.sh prints, in small letters." },
    ];
  if (mirror?.k3s !== undefined) return [];
  return [{ path, problem: "is set without a mirror that the installer comes from", remedy: "Set mirror.k3s, or remove it." }];
}

/** A mirror serves the checksums along with the programs, so only TLS stands for either. */
function validateUrl(path: string, text: string | undefined): ConfigIssue[] {
  if (text === undefined) return [];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:")
    return [
      { path, problem: `${quote(text)} is no https URL`, remedy: "Write the folder's URL, for example https://mirror.example.org/k3s." },
    ];
  if (url.username !== "" || url.password !== "")
    return [
      {
        path,
        problem: "has a login in it, which would be kept in plain text",
        remedy: "Serve the mirror without a login to the hosts' networks.",
      },
    ];
  if (url.search !== "" || url.hash !== "")
    return [{ path, problem: `${quote(text)} has a query or a fragment`, remedy: "Write the folder's URL; file names are added to it." }];
  return [];
}

function validateCa({ mirror }: ConfigDraft, mirrorCa: GivenConfig["mirrorCa"]): ConfigIssue[] {
  if (mirror?.caFile === undefined || mirrorCa === undefined) return [];
  const path = settingPath("mirror", "caFile");
  const faults = validateCaFile(path, mirrorCa, "mirror");
  if (faults.length > 0 || mirror.k3s !== undefined || mirror.tailscale !== undefined) return faults;
  return [{ path, problem: "is set without a mirror to trust it for", remedy: "Set mirror.k3s or mirror.tailscale, or remove it." }];
}
