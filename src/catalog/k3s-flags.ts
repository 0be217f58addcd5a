import listed from "./k3s-flag-list.json";
import type { K3sVersion } from "./k3s-versions";

export type K3sRole = "server" | "agent";

export interface K3sFlag {
  /** `value`, `list` or `boolean`. */
  readonly takes: string;
  /** The first release of each minor that knows it, oldest minor first; later minors do too. Undefined: all releases that this stack installs. */
  readonly since?: readonly K3sVersion[];
}

type Flags = Readonly<Record<string, K3sFlag | undefined>>;

/**
 * k3s-flag-list.json is the help of 1.35.4 (refresh-k3s-flags.sh); by k3s's sources (pkg/cli/cmds on its release branches) 1.33.13, 1.34.9,
 * 1.35.6 and 1.36.2 have the same. What came later in a line stands here.
 */
const laterServerFlags: Flags = {
  "helm-controller-arg": {
    takes: "list",
    since: [
      [1, 34, 10],
      [1, 35, 7],
      [1, 36, 3],
    ],
  },
};

/** All settings that are known here, of whatever release. */
export const k3sFlags: Readonly<Record<K3sRole, Flags>> = { server: { ...listed.server, ...laterServerFlags }, agent: listed.agent };

/** The releases whose lists these are, for messages. */
export const flagsVersion = /, k3s ([^;]+);/.exec(listed.source)?.[1] ?? listed.source;

/** Whether a release knows a setting; where the release is not known, any that has it counts. */
export function isKnownTo(version: K3sVersion | undefined, { since }: K3sFlag): boolean {
  if (since === undefined || version === undefined) return true;
  const [major, minor, patch] = version;
  const first = since.filter((release) => release[0] === major && release[1] <= minor).at(-1);
  return first !== undefined && (first[1] < minor || first[2] <= patch);
}

/** No release that is known here has it, for any role. */
export const isUnknownFlag = (key: string): boolean => !(key in k3sFlags.server) && !(key in k3sFlags.agent);
