import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { isLabelValue } from "../values/kubernetes-names";
import { isDnsLabel } from "../values/names";
import { validateHostNameOrIpv4 } from "../values/validate-host-name";

/** Leaves room for `-<pool>-<number>` in the 63 characters of a host name. */
const longestClusterName = 30;

export function validateCluster(draft: ConfigDraft): readonly ConfigIssue[] {
  return [...validateName(draft), ...validateServerNames(draft), ...validateAllowedJurisdictions(draft)];
}

/** It is meant for one change: left on, any later slip of the pen makes an empty cluster. */
export function warnOfCluster({ cluster }: ConfigDraft): readonly string[] {
  if (cluster?.allowServerReplacement !== true) return [];
  return [
    `${settingPath("cluster", "allowServerReplacement")}: is true, so a change of the first server's generation, role or name, of cluster.name, podCidr or ` +
      "serviceCidr, or of vpn.integration (to or from flannel-iface) replaces the only server with all that the cluster holds, and nothing stops it. " +
      "As soon as the replacement is done, remove it and run pulumi up.",
  ];
}

function validateName({ cluster }: ConfigDraft): ConfigIssue[] {
  const name = cluster?.name;
  if (name === undefined || (isDnsLabel(name, longestClusterName) && /^[a-z]/.test(name))) return [];
  return [
    {
      path: settingPath("cluster", "name"),
      problem: `${quote(name)} is no legal cluster name`,
      remedy: `Use at most ${longestClusterName} lower-case letters, digits and dashes, a letter first and no dash last.`,
    },
  ];
}

/** Names that the API server's certificate carries. */
function validateServerNames({ cluster }: ConfigDraft): ConfigIssue[] {
  const names = [
    { path: settingPath("cluster", "apiEndpoint"), name: cluster?.apiEndpoint },
    ...(cluster?.tlsSans ?? []).map((name, index) => ({ path: settingPath("cluster", "tlsSans", index), name })),
  ];
  return names.flatMap(({ path, name }) => validateHostNameOrIpv4(name, path, "Write the name alone, without scheme, port or path."));
}

/** A pool's jurisdiction becomes a label of its nodes. */
function validateAllowedJurisdictions({ cluster }: ConfigDraft): ConfigIssue[] {
  if (cluster?.allowedJurisdictions?.length === 0) {
    return [
      {
        path: settingPath("cluster", "allowedJurisdictions"),
        problem: "is empty, and no pool could be in it",
        remedy: "Name jurisdictions, or remove it.",
      },
    ];
  }
  return (cluster?.allowedJurisdictions ?? []).flatMap((jurisdiction, index) => {
    if (jurisdiction === undefined || (jurisdiction !== "" && isLabelValue(jurisdiction))) return [];
    return [
      {
        path: settingPath("cluster", "allowedJurisdictions", index),
        problem: `${quote(jurisdiction)} is no legal jurisdiction`,
        remedy: "Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.",
      },
    ];
  });
}
