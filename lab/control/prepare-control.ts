import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabTools } from "../contract";
import type { TailscaleApiConfig } from "../tailscale-api/api-config";
import { ensureAuthority, ensureServerCertificate } from "./certificate-authority";
import type { Authority } from "./certificate-authority";
import { renderHeadscaleConfig } from "./headscale-config";

export interface ControlDirs {
  /** Keeps CA, certificates, databases and config files between prepare and start; 0700. */
  readonly state: string;
  /** Holds unix sockets; its path must stay under about 80 characters. */
  readonly sockets: string;
  /** Folder that the mirror serves (see mirror/build-tree.ts). */
  readonly mirrorTree: string;
}

export interface ControlAddresses {
  readonly control: Place;
  readonly api: Place;
  readonly mirror: Place;
}

export interface Place {
  readonly netns: string;
  readonly address: string;
}

/** Addresses of the lab's topology. */
export const labAddresses: ControlAddresses = {
  control: { netns: "control", address: "198.18.0.10" },
  api: { netns: "api", address: "198.18.0.11" },
  mirror: { netns: "mirror", address: "198.18.0.12" },
};

/** What hosts and the operator write into /etc/hosts. */
export const vendorNames = { control: "controlplane.tailscale.com", api: "api.tailscale.com", mirror: "mirror.lab.test" } as const;

export interface PreparedControl {
  /** Trusted by hosts and operator: signs the vendor's names. */
  readonly labAuthority: Authority;
  /** Trusted by nobody: signs the mirror; the program gets it as mirror.caFile. */
  readonly siteAuthority: Authority;
  readonly headscaleConfigFile: string;
  readonly apiConfigFile: string;
  readonly apiConfig: TailscaleApiConfig;
  readonly mirror: { readonly certificateFile: string; readonly keyFile: string; readonly tree: string; readonly accessLog: string };
  readonly addresses: ControlAddresses;
  readonly tools: Pick<LabTools, "headscale">;
}

/** sun_path holds 108 bytes (unix(7)); the longest socket name here is headscale.sock. */
const LONGEST_SOCKET_DIRECTORY = 90;

/** Makes authorities, certificates and config files; idempotent, starts nothing. */
export async function prepareControl(
  dirs: ControlDirs,
  tools: Pick<LabTools, "headscale">,
  addresses: ControlAddresses = labAddresses,
): Promise<PreparedControl> {
  if (dirs.sockets.length > LONGEST_SOCKET_DIRECTORY) {
    throw new Error(
      `the path ${dirs.sockets} is too long to hold unix sockets (${LONGEST_SOCKET_DIRECTORY} characters at most); use a shorter folder`,
    );
  }
  const headscaleState = join(dirs.state, "headscale");
  const apiState = join(dirs.state, "tailscale-api");
  const mirrorState = join(dirs.state, "mirror");
  for (const directory of [dirs.state, dirs.sockets, headscaleState, apiState, mirrorState])
    await mkdir(directory, { recursive: true, mode: 0o700 });

  const labAuthority = await ensureAuthority(join(dirs.state, "lab-ca"), "hybrid-k3s lab CA");
  const siteAuthority = await ensureAuthority(join(dirs.state, "site-ca"), "hybrid-k3s site CA");
  const certificates = join(dirs.state, "certificates");
  const controlCertificate = await ensureServerCertificate(labAuthority, certificates, [vendorNames.control, addresses.control.address]);
  const apiCertificate = await ensureServerCertificate(labAuthority, certificates, [vendorNames.api, addresses.api.address]);
  const mirrorCertificate = await ensureServerCertificate(siteAuthority, certificates, [vendorNames.mirror, addresses.mirror.address]);

  const headscaleConfigFile = join(headscaleState, "config.yaml");
  const baseDomain = "tailnet.test";
  await writeFile(
    headscaleConfigFile,
    renderHeadscaleConfig({
      ...controlCertificate,
      address: addresses.control.address,
      port: 443,
      hostName: vendorNames.control,
      stateDirectory: headscaleState,
      socket: join(dirs.sockets, "headscale.sock"),
      baseDomain,
      loopbackPorts: { grpc: 50443, metrics: 9090 },
      stunPort: 3478,
    }),
    { mode: 0o600 },
  );

  const apiConfig: TailscaleApiConfig = {
    listen: { address: addresses.api.address, port: 443, ...apiCertificate },
    adminSocket: join(dirs.sockets, "api-admin.sock"),
    stateFile: join(apiState, "state.json"),
    requestLog: join(apiState, "requests.jsonl"),
    tailnetDomain: baseDomain,
    headscale: {
      program: tools.headscale,
      configFile: headscaleConfigFile,
      address: addresses.control.address,
      port: 443,
      hostName: vendorNames.control,
      caFile: labAuthority.certificateFile,
    },
  };
  const apiConfigFile = join(apiState, "config.json");
  await writeFile(apiConfigFile, JSON.stringify(apiConfig, undefined, 2), { mode: 0o600 });

  return {
    labAuthority,
    siteAuthority,
    headscaleConfigFile,
    apiConfigFile,
    apiConfig,
    mirror: { ...mirrorCertificate, tree: dirs.mirrorTree, accessLog: join(mirrorState, "access.jsonl") },
    addresses,
    tools,
  };
}
