import { scriptType } from "../remote/host-link";
import { lastResources } from "./last-run";

/** What a node was given by the links of its chain that last ran to their end; absent where none did. */
export interface GivenReleases {
  readonly k3s?: string;
  readonly tailscale?: string;
}

/** By node, from the state, which is much to ask for. Nodes that are no longer in the config are among them. */
export async function readGivenReleases(): Promise<ReadonlyMap<string, GivenReleases>> {
  const given = new Map<string, GivenReleases>();
  const note = (node: string, releases: GivenReleases) => given.set(node, { ...given.get(node), ...releases });
  for (const [urn, { type, outputs }] of Object.entries(await lastResources())) {
    const [, node, link] = /::([^:]+)-(install|join)$/.exec(urn) ?? [];
    if (type !== scriptType || node === undefined) continue;
    const k3s = link === "install" ? textAt(outputs, "result", "k3sVersion") : undefined;
    const tailscale = link === "join" ? textAt(outputs, "wanted", "environment", "TAILSCALE_VERSION") : undefined;
    note(node, { ...(k3s !== undefined && { k3s }), ...(tailscale !== undefined && { tailscale }) });
  }
  return given;
}

/** What a node's last install saw of k3s's certificates on its host; absent where it could not tell. */
export interface CertificateEnds {
  readonly certificatesEnd?: string;
  readonly authoritiesEnd?: string;
}

/** By node, from the state like the releases. */
export async function readCertificateEnds(): Promise<ReadonlyMap<string, CertificateEnds>> {
  const ends = new Map<string, CertificateEnds>();
  for (const [urn, { type, outputs }] of Object.entries(await lastResources())) {
    const [, node] = /::([^:]+)-install$/.exec(urn) ?? [];
    if (type !== scriptType || node === undefined) continue;
    const certificatesEnd = textAt(outputs, "result", "certificatesEnd");
    const authoritiesEnd = textAt(outputs, "result", "authoritiesEnd");
    ends.set(node, { ...(certificatesEnd !== undefined && { certificatesEnd }), ...(authoritiesEnd !== undefined && { authoritiesEnd }) });
  }
  return ends;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
  return typeof found === "string" ? found : undefined;
}
