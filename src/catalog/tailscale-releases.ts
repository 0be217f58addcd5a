/** Releases of tailscale that a node must not get. Issue numbers are those of github.com/tailscale/tailscale; "withdrawn" is the vendor's own word (https://tailscale.com/changelog). */
export interface TailscaleRelease {
  readonly from: TailscaleVersion;
  /** The first release after it that is not meant. */
  readonly before: TailscaleVersion;
  readonly reason: string;
  readonly use: string;
}

export type TailscaleVersion = readonly [major: number, minor: number, patch: number];

export const badTailscaleReleases: readonly TailscaleRelease[] = [
  {
    from: [1, 58, 0],
    before: [1, 58, 1],
    reason: "it was withdrawn for what it did to port mapping behind old routers (#10911)",
    use: "1.88.3",
  },
  {
    from: [1, 66, 0],
    before: [1, 66, 4],
    reason:
      "its stateful filtering, on by default, drops what a node forwards: pods lose their network (#12066, #12067, #12070; off since 1.66.4)",
    use: "1.66.4",
  },
  { from: [1, 86, 0], before: [1, 86, 2], reason: "subnet routers on Linux, as every node is one, hang (#16651)", use: "1.86.2" },
  {
    from: [1, 90, 0],
    before: [1, 90, 2],
    reason: "tailscaled does not start where iptables is what the host has: iptables is not in the build (#17622, #17625, #17631)",
    use: "1.90.3",
  },
  {
    from: [1, 98, 0],
    before: [1, 98, 2],
    reason: "1.98.0 was a release candidate, and 1.98.1 was withdrawn on Linux, where hosts became unreachable (#19744, #19746)",
    use: "1.96.4",
  },
];

/** The first whose devices may stand behind a Service (https://tailscale.com/docs/features/tailscale-services, "Prerequisites"). */
export const firstWithServices: TailscaleVersion = [1, 86, 0];

export function isOlder(version: TailscaleVersion, other: TailscaleVersion): boolean {
  return compare(version, other) < 0;
}

export function readTailscaleVersion(text: string): TailscaleVersion | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** Odd minors are the vendor's development builds, which its stable packages never had (https://tailscale.com/kb/1083/install-unstable). */
export function isUnstable([, minor]: TailscaleVersion): boolean {
  return minor % 2 === 1;
}

export function badRelease(version: TailscaleVersion): TailscaleRelease | undefined {
  return badTailscaleReleases.find(({ from, before }) => compare(from, version) <= 0 && compare(version, before) < 0);
}

function compare(a: TailscaleVersion, b: TailscaleVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
