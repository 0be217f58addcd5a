import { type ConfigIssue, listOf, settingPath } from "./config-issue";
import type { ConfigDraft } from "./draft";
import type { GivenConfig } from "./given-config";
import { nearestAmong } from "./nearest";
import { configSchema, type HybridConfig } from "./schema";
import { validateAccess, warnOfAccess } from "./rules/access";
import { s3Keys, validateBackup } from "./rules/backup";
import { validateAzureSubscription } from "./rules/azure-subscription";
import { endpointKey, validateDatastore } from "./rules/datastore";
import { validateCloudNetworks, warnOfCloudNetworks } from "./rules/networks";
import { validateCloudMachines, warnOfCloudMachines } from "./rules/cloud-machines";
import { validateCloudConnectivity } from "./rules/cloud-connectivity";
import { validateCluster, warnOfCluster } from "./rules/cluster";
import { validateHeadscale } from "./rules/vpn-headscale";
import { validateHosts, warnOfHosts } from "./rules/hosts";
import { validateK3sSettings, warnOfK3sSettings } from "./rules/k3s-settings";
import { validateK3sVersion, warnOfK3sVersion } from "./rules/k3s-version";
import { validateLabels } from "./rules/pool-labels";
import { validateMirror } from "./rules/mirror";
import { validateNetworkOverlaps } from "./rules/network-overlaps";
import { validateNetworks, warnOfNetworks } from "./rules/cluster-networks";
import { validateOperators } from "./rules/vpn-operators";
import { validatePools } from "./rules/pools";
import { validateRegions } from "./rules/cloud-regions";
import { validateServers } from "./rules/servers";
import { validateShape } from "./validate-shape";
import { validateSshAccess, warnOfSshAccess } from "./rules/ssh-access";
import { validateSshTargets } from "./rules/ssh-target";
import { validateApiService } from "./rules/vpn-api-service";
import { validateTailscale } from "./rules/vpn-tailscale";
import { validateTagOwnersGiven, validateVpn, warnOfVpn } from "./rules/vpn";

export interface ValidationResult {
  /** The config with its defaults; absent when there is any issue. */
  readonly config?: HybridConfig;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly string[];
}

const sections = Object.keys(configSchema.shape);
/** Keys of their own, because one nested secret would make a whole section secret. */
const secretSettings = ["sshPrivateKey", "bastionPrivateKey", "headscaleApiKey", ...s3Keys, endpointKey];

/** Every fault of the config at once: its shape, and each rule as far as the shape of what it looks at allows. */
export function validateConfig(given: GivenConfig): ValidationResult {
  const hidden = sections.filter((section) => given.secretKeys.has(settingPath(section)));
  const readable = Object.fromEntries(Object.entries(given.settings).filter(([key]) => sections.includes(key) && !hidden.includes(key)));
  const shape = validateShape(readable);
  const { draft } = shape;
  const issues = [
    ...validateKeys(Object.keys(given.settings)),
    ...hidden.map(hiddenSection),
    ...shape.issues.filter(({ path }) => !hidden.some((section) => path === settingPath(section))),
    ...validateSections(draft),
    ...validateMirror(draft, given.mirrorCa),
    ...validateBackup(draft, given),
    ...validateDatastore(draft, given),
    ...validateSshAccess(draft, given),
    ...validateAccess(draft, given),
    ...validateAzureSubscription(draft, given),
    ...validateTagOwnersGiven(draft, given),
    ...validateHeadscale(draft, given),
    ...(draft.vpn?.mode === "headscale" ? [] : validateTailscale(given)),
  ];
  const warnings = [
    ...[
      warnOfCluster,
      warnOfK3sVersion,
      warnOfK3sSettings,
      warnOfVpn,
      warnOfNetworks,
      warnOfHosts,
      warnOfCloudMachines,
      warnOfCloudNetworks,
      warnOfAccess,
    ].flatMap((rule) => rule(draft)),
    ...warnOfSshAccess(draft, given),
  ];
  return issues.length > 0 || shape.config === undefined ? { issues, warnings } : { config: shape.config, issues, warnings };
}

function validateSections(draft: ConfigDraft): readonly ConfigIssue[] {
  const rules = [
    validateCluster,
    validateNetworks,
    validateK3sVersion,
    validateK3sSettings,
    validateVpn,
    validateOperators,
    validateApiService,
    validatePools,
    validateServers,
    validateLabels,
    validateHosts,
    validateSshTargets,
    validateCloudMachines,
    validateCloudConnectivity,
    validateRegions,
    validateCloudNetworks,
    validateNetworkOverlaps,
  ];
  return rules.flatMap((rule) => rule(draft));
}

function validateKeys(keys: readonly string[]): ConfigIssue[] {
  const known = [...sections, ...secretSettings];
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => {
      if (sections.some((section) => key.startsWith(`${section}.`) || key.startsWith(`${section}[`))) return setWithoutPath(key);
      const meant = nearestAmong(key, known);
      const remedy = meant === undefined ? `Remove it; known are ${listOf(known, "and")}.` : `Did you mean hybrid-k3s:${meant}?`;
      return { path: settingPath(key), problem: "is not a known setting", remedy };
    });
}

/** `pulumi config set` took the path for a name, because --path was not there to say otherwise. */
function setWithoutPath(key: string): ConfigIssue {
  const remedy = `Remove it by \`pulumi config rm 'hybrid-k3s:${key}'\`, and set it by \`pulumi config set --path 'hybrid-k3s:${key}' VALUE\`.`;
  return { path: settingPath(key), problem: "is the path of a setting, written as the name of one", remedy };
}

/** Its values may be secrets, so no message may repeat them, and a preview could show no change of it. */
function hiddenSection(section: string): ConfigIssue {
  return {
    path: settingPath(section),
    problem: "is or holds a secret, which hides the whole section from previews",
    remedy: `Write it without \`secure:\`; secrets are keys of their own (${secretSettings.map((name) => `hybrid-k3s:${name}`).join(", ")}).`,
  };
}
