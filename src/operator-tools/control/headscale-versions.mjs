/**
 * What differs between the releases of headscale that this program knows, by the second number of 0.x. From its source at v0.26.1, v0.27.1,
 * v0.28.0 and v0.29.1: proto/headscale/v1/*.proto, hscontrol/policy/v2/types.go, hscontrol/app.go, hscontrol/grpcv1.go,
 * hscontrol/capver (MinSupportedCapabilityVersion, which its maps name as a tailscale: \`oldestClient\`);
 * run in the contract suite and the lab's suite headscale: all four.
 */
const POLICY_26 = ["groups", "hosts", "tagOwners", "acls", "autoApprovers", "ssh"];
const POLICY_29 = [...POLICY_26, "grants", "nodeAttrs", "tests", "sshTests", "randomizeClientPort"];

/**
 * @typedef {object} HeadscaleTraits
 * @property {string} oldestClient The oldest tailscale that it lets in, `1.62`.
 * @property {boolean} keysNeedUser
 * @property {boolean} [knowsMembers] Whether its rules may speak of autogroup:member. Default: true.
 * @property {readonly string[]} policySections
 */
/** @typedef {HeadscaleTraits & { readonly minor: number }} HeadscaleRelease */

const OLDEST = 26;

/** @type {Map<number, HeadscaleTraits>} */
const RELEASES = new Map([
  // Takes what it does not know in a policy and ignores it: tests, grants, misspelled sections (run). autogroup:member it refuses (run).
  [OLDEST, { oldestClient: "1.62", keysNeedUser: true, knowsMembers: false, policySections: POLICY_26 }],
  // From here on unknown members of a policy are refused (json.RejectUnknownMembers).
  [27, { oldestClient: "1.64", keysNeedUser: true, policySections: POLICY_26 }],
  // Tags are an identity of their own: keys need no user and are expired by id, and nodes have `tags`.
  [28, { oldestClient: "1.74", keysNeedUser: false, policySections: POLICY_26 }],
  [29, { oldestClient: "1.80", keysNeedUser: false, policySections: POLICY_29 }],
]);

export const KNOWN_VERSIONS = [...RELEASES.keys()].map((minor) => `0.${minor}`).join(", ");

/**
 * Whether that tailscale is older than the oldest that this headscale lets in. It drops such a client's connection, and tells its own log alone (run).
 * @type {(client: string, release: Pick<HeadscaleTraits, "oldestClient">) => boolean}
 */
export function isTooOld(client, { oldestClient }) {
  const [major = 0, minor = 0] = client.split(".").map(Number);
  const [least = 0, leastMinor = 0] = oldestClient.split(".").map(Number);
  return major < least || (major === least && minor < leastMinor);
}

/**
 * The release that `/version` names, or undefined where it is none that this program knows: what is to become one may do either.
 * @type {(version: string) => HeadscaleRelease | undefined}
 */
export function releaseOf(version) {
  const [, minor, rest = ""] = /^v?0\.(\d+)\.\d+(?!\d)(.*)$/s.exec(version) ?? [];
  const release = minor === undefined || UNRELEASED.test(rest) ? undefined : RELEASES.get(Number(minor));
  return release && { ...release, minor: Number(minor) };
}

// What stands behind the numbers of a prerelease, of git describe between two releases, and of a Go build from a commit
// (https://go.dev/ref/mod#pseudo-versions). A packager's number and `+dirty`, which the official packages of 0.27.1 have, are of a release.
const UNRELEASED = /^(?:[-.~]?(?:alpha|beta|rc|dev|pre|next|nightly|snapshot)|-\d+-g[\da-f]{7}|-0\.\d{14}-)/i;

/**
 * 0.26 has no `/version`; its API description has the approval of routes, which 0.25 had elsewhere.
 * @type {(apiDescription: string) => HeadscaleRelease | undefined}
 */
export function releaseWithoutVersion(apiDescription) {
  const release = RELEASES.get(OLDEST);
  return release && apiDescription.includes("/approve_routes") ? { ...release, minor: OLDEST } : undefined;
}
