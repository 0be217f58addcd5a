/** What the parts of the emulated clouds agree on. */

export type CloudName = "aws" | "azure";

/** What is open from outside, a port or (protocol "any") all of them; everything else that did not start inside is dropped. */
export type FirewallRule =
  | { readonly protocol: "tcp" | "udp"; readonly port: number; readonly sources: readonly string[] }
  | { readonly protocol: "any"; readonly sources: readonly string[] };

export interface MachineSpec {
  /** Name of the lab host, at most 8 characters, never used twice in a lab's life: `aws1`, `az2`. */
  readonly name: string;
  readonly cloud: CloudName;
  /** In the cloud's private network; the router answers for the network's first address. */
  readonly privateAddress: string;
  readonly prefixLength: number;
  /** A public address with 1:1 NAT; absent: only the cloud's NAT for what it sends. */
  readonly publicAddress?: string;
  readonly firewall: readonly FirewallRule[];
  /** Nothing that it sends leaves the cloud: the network that it was made in has no way out that serves it. */
  readonly isShutIn?: true;
  /** Text as cloud-init reads it (decoded). */
  readonly userData: string;
  /** The cloud's id of the machine, as the metadata service tells it. */
  readonly instanceId: string;
  readonly region: string;
  readonly zone?: string;
  /** IP time to live of the metadata service's answers (AWS: HttpPutResponseHopLimit); absent: unlimited. */
  readonly metadataHopLimit?: number;
}

/** The lab hosts that the emulated clouds run on. All calls are idempotent. */
export interface Machines {
  /** Makes links, addresses, firewall and metadata, and starts booting; resolves when the machine has power. */
  create(spec: MachineSpec): Promise<void>;
  /** Whether any process of it runs. */
  isOn(name: string): boolean;
  /** Whether it has ended itself, and got no power since. A plug that was pulled does not count. */
  hasPoweredOff(name: string): boolean;
  /** Shuts it down as its power button does, or pulls the plug where it does not react. What it wrote stays; its public address goes. */
  stop(name: string): Promise<void>;
  /** Gives a stopped machine power again; of the spec no more than the public address may be another. */
  start(spec: MachineSpec): Promise<void>;
  /** Pulls the plug and takes everything away: links, addresses, files. Resolves when nothing is left. */
  destroy(name: string): Promise<void>;
  setFirewall(name: string, rules: readonly FirewallRule[]): Promise<void>;
}

/** What a request to the clouds' service looks like: POST /<cloud>/<action> with a JSON body over a unix socket. */
export interface CloudRequest {
  readonly region: string;
  readonly [parameter: string]: unknown;
}

/** Refusals in the cloud's own words; answered with HTTP 400 and {code, message}. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** One action of a cloud; what it returns goes back as JSON. */
export type CloudAction = (request: CloudRequest) => unknown;

/** A cloud as the service serves it: by the name of the action, and `admin` ones for faults, behind-the-back terminations and counts of what is left. */
export interface Cloud {
  readonly actions: Readonly<Record<string, CloudAction>>;
  readonly admin: Readonly<Record<string, CloudAction>>;
}
