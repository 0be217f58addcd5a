import type { HybridConfig } from "../config/schema";
import type { ClusterPlan, SourcesPlan } from "./cluster-plan";

const tailscaleDownloads = "https://pkgs.tailscale.com/stable";
const k3sSource = "https://raw.githubusercontent.com/k3s-io/k3s";
// As k3s's own installer has it (k3s-io/k3s: install.sh).
const k3sReleases = "https://github.com/k3s-io/k3s/releases/download";

/** Where hosts fetch programs from: the mirror where one is given, else the vendors. */
export function planSources(config: HybridConfig, mirrorCaPem: string): SourcesPlan {
  const { mirror, cluster, vpn } = config;
  const release = encodeURIComponent(cluster.k3sVersion);
  const k3sMirror = mirror.k3s === undefined ? undefined : withoutSlash(mirror.k3s);
  return {
    tailscaleVersion: vpn.version,
    tailscaleUrl: withoutSlash(mirror.tailscale ?? tailscaleDownloads),
    k3sInstallerUrl: `${k3sMirror ?? k3sSource}/${release}/install.sh`,
    k3sReleasesUrl: k3sMirror ?? k3sReleases,
    k3sInstallerSum: mirror.installSha256 ?? "",
    withImages: k3sMirror !== undefined,
    caPem: mirrorCaPem,
  };
}

/** An address at each server that a host will fetch from. */
export function downloadUrls({ k3sInstallerUrl, k3sReleasesUrl, tailscaleUrl }: SourcesPlan): readonly string[] {
  return [k3sInstallerUrl, ...(k3sReleasesUrl === k3sReleases ? [k3sReleasesUrl] : []), `${tailscaleUrl}/`];
}

/** Whether anything is fetched from the vendors or asked of them; a mirror and a control server of one's own may stand in a network without a way out. */
export function needsVendors({ sources, tailnet }: Pick<ClusterPlan, "sources" | "tailnet">): boolean {
  return tailnet.control.mode === "tailscale" || sources.k3sReleasesUrl === k3sReleases || sources.tailscaleUrl === tailscaleDownloads;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
