import { firstWithServices, isOlder, readTailscaleVersion } from "../../catalog/tailscale-releases";
import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { hostsOf, isBareMetal, poolsOf } from "../pool-hosts";
import { isDnsLabel } from "../values/names";

const path = settingPath("vpn", "apiService");

/** One name for the API of all servers: what the tailnet, its clients and k3s's own way of using them can give. */
export function validateApiService(draft: ConfigDraft): readonly ConfigIssue[] {
  const { apiService: name, mode, integration = "k3s", version = "" } = draft.vpn ?? {};
  if (name === undefined) return [];
  if (mode === "headscale") return [{ path, problem: "names a Tailscale Service, and headscale gives out none", remedy: "Remove it." }];
  const release = readTailscaleVersion(version);
  return [
    ...validateName(name, draft),
    ...(integration === "k3s"
      ? [
          {
            path,
            problem:
              "is given, and vpn.integration is k3s: k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops, and may log it in again, which takes it from behind the Service",
            remedy: `Write ${settingPath("vpn", "integration")}: routes, or remove it.`,
          },
        ]
      : []),
    ...(release !== undefined && isOlder(release, firstWithServices)
      ? [
          {
            path,
            problem: `is given, and tailscale ${version} knows no Services`,
            remedy: `Write ${settingPath("vpn", "version")}: 1.88.3, or any release from 1.86.2 on.`,
          },
        ]
      : []),
  ];
}

function validateName(name: string, draft: ConfigDraft): ConfigIssue[] {
  if (name.startsWith("svc:"))
    return [{ path, problem: `${quote(name)} has svc: in front of its name`, remedy: `Write ${name.slice("svc:".length)} alone.` }];
  if (!isDnsLabel(name))
    return [
      {
        path,
        problem: `${quote(name)} is no legal name`,
        remedy: "Use at most 63 lower-case letters, digits and dashes, no dash first or last.",
      },
    ];
  const node = nodeOfName(name, draft);
  if (node === undefined) return [];
  return [{ path, problem: `${quote(name)} is the name of ${node}, and both would be ${name} in the tailnet`, remedy: "Choose another." }];
}

/** Cloud nodes are CLUSTER-POOL-NUMBER. */
function nodeOfName(name: string, draft: ConfigDraft): string | undefined {
  if (hostsOf(draft).some(({ host }) => host.name === name)) return "a host";
  const pool = poolsOf(draft).find(
    (one) => !isBareMetal(one.pool) && name.startsWith(`${draft.cluster?.name ?? ""}-${one.name}-`) && /-\d+$/.test(name),
  );
  return pool && `a node of the pool ${pool.name}`;
}
