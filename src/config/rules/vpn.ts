import { type ConfigIssue, listOf, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { defaultTag, isTag } from "../values/names";
import { badRelease, isUnstable, readTailscaleVersion } from "../../catalog/tailscale-releases";

const at = (...parts: readonly (string | number)[]) => settingPath("vpn", ...parts);

/** Needed in one mode and refused in the other, so not a matter of shape alone. */
export function validateTagOwnersGiven({ vpn }: ConfigDraft, { settings }: GivenConfig): readonly ConfigIssue[] {
  const written = settings["vpn"];
  if (vpn === undefined || vpn.mode === "headscale" || typeof written !== "object" || written === null || "tagOwners" in written) return [];
  return [{ path: at("tagOwners"), problem: "is missing", remedy: "Add it, for example `tagOwners: [tag:k3s-admin]`." }];
}

export function validateVpn(draft: ConfigDraft): readonly ConfigIssue[] {
  return [
    ...validateMode(draft),
    ...validateVersion(draft),
    ...validateTag(draft),
    ...validateTagOwners(draft),
    ...validateNodePorts(draft),
    ...validatePolicyTests(draft),
  ];
}

function validateMode({ vpn }: ConfigDraft): ConfigIssue[] {
  if (vpn?.mode === undefined || vpn.mode === "tailscale" || vpn.mode === "headscale") return [];
  return [{ path: at("mode"), problem: `${quote(vpn.mode)} is not available yet`, remedy: "Write tailscale or headscale." }];
}

/** What it costs, said at every preview: nothing else tells why pods are slower than their nodes. */
export function warnOfVpn({ vpn }: ConfigDraft): readonly string[] {
  if (vpn?.integration !== "flannel-iface") return [];
  return [
    `${at("integration")}: flannel-iface needs no routes in the tailnet and no approval, but packs packets between nodes twice (vxlan inside ` +
      "the VPN): pods get an MTU of 1230 instead of 1280, and less throughput.",
  ];
}

function validateVersion({ vpn }: ConfigDraft): ConfigIssue[] {
  if (vpn?.version === undefined) return [];
  const path = at("version");
  const version = readTailscaleVersion(vpn.version);
  if (version === undefined)
    return [{ path, problem: `${quote(vpn.version)} is no tailscale release`, remedy: "Write its three numbers, for example 1.88.3." }];
  if (isUnstable(version)) {
    const even = `${version[0]}.${version[1] + 1}`;
    return [
      {
        path,
        problem: `${quote(vpn.version)} never was stable: tailscale's odd minors are development builds`,
        remedy: `Use a release of an even one, of ${even} or 1.88.3.`,
      },
    ];
  }
  const bad = badRelease(version);
  return bad === undefined ? [] : [{ path, problem: `${quote(vpn.version)} is refused: ${bad.reason}`, remedy: `Use ${bad.use}.` }];
}

function validateTag({ vpn }: ConfigDraft): ConfigIssue[] {
  if (vpn?.tag === undefined || isTag(vpn.tag)) return [];
  return [
    {
      path: at("tag"),
      problem: `${quote(vpn.tag)} is no tag`,
      remedy: "Write tag: and letters, digits and dashes, a letter first, or leave it out for tag:k3s-<cluster name>.",
    },
  ];
}

/** Any device of somebody who owns the tag can make itself a node of the cluster (run: an untagged key with --advertise-tags). */
function validateTagOwners({ vpn, cluster }: ConfigDraft): ConfigIssue[] {
  const owners = vpn?.tagOwners;
  if (owners === undefined) return [];
  if (vpn?.mode === "headscale") return refuseTagOwners(owners);
  if (owners.length === 0)
    return [{ path: at("tagOwners"), problem: "is empty", remedy: "Name the tag of the OAuth client, for example [tag:k3s-admin]." }];
  const nodeTag = vpn?.tag ?? (cluster?.name === undefined ? undefined : defaultTag(cluster.name));
  return owners.flatMap((owner, index) => {
    const path = at("tagOwners", index);
    if (owner === undefined) return [];
    if (owner === nodeTag)
      return [
        {
          path,
          problem: `${quote(owner)} is the nodes' own tag`,
          remedy: "Name another tag, that of the OAuth client: a node must not be able to make nodes.",
        },
      ];
    if (owners.indexOf(owner) < index) return [{ path, problem: `${quote(owner)} stands in this list twice`, remedy: "Remove one." }];
    if (isTag(owner)) return [];
    const isPeople = owner.includes("@") || owner.startsWith("group:") || owner.startsWith("autogroup:");
    return [
      isPeople
        ? {
            path,
            problem: `${quote(owner)} is people, whose every device could then make itself a node`,
            remedy: "Name the tag of the OAuth client, for example tag:k3s-admin.",
          }
        : { path, problem: `${quote(owner)} is no tag`, remedy: "Write tag: and letters, digits and dashes, a letter first." },
    ];
  });
}

/** headscale's API key makes keys with any tag, and before 0.28 only people can own one (hscontrol/policy/v2/types.go, parseOwner). */
function refuseTagOwners(owners: readonly (string | undefined)[]): ConfigIssue[] {
  if (owners.length === 0) return [];
  return [
    {
      path: at("tagOwners"),
      problem: "names owners, and in the mode headscale the API key makes nodes",
      remedy: "Remove it: nobody else may give a device the nodes' tag.",
    },
  ];
}

/** `own` and `none` write no tests, and a headscale fails those whose tag or group has no device at that moment (headscale-control.mjs). */
function validatePolicyTests({ vpn }: ConfigDraft): ConfigIssue[] {
  const { policyTests, policy = "merge", mode } = vpn ?? {};
  const path = at("policyTests");
  if (policyTests === undefined || policyTests === "accept") return [];
  const problem = `is ${policyTests}, and tests are added to the tailnet's policy`;
  if (mode === "headscale") return [{ path, problem: `${problem} only at Tailscale, not in the mode headscale`, remedy: "Remove it." }];
  if (policy === "merge") return [];
  return [
    {
      path,
      problem: `${problem} only where vpn.policy is merge, not ${policy}`,
      remedy: "Remove it, or write policy: merge.",
    },
  ];
}

function validateNodePorts({ vpn }: ConfigDraft): ConfigIssue[] {
  const ports = vpn?.nodePorts ?? [];
  return ports.flatMap((port, index) => {
    const path = at("nodePorts", index);
    if (port === undefined) return [];
    if (port < 1 || port > 65535)
      return [{ path, problem: `${port} is no TCP port`, remedy: `Write numbers from 1 to 65535, for example ${listOf(["10250"])}.` }];
    if (ports.indexOf(port) < index) return [{ path, problem: `${port} stands in this list twice`, remedy: "Remove one." }];
    return [];
  });
}
