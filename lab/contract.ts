/** Paths of the programs that the lab runs; each from its LAB_* variable, PATH, the official download, or built (see tools/). */
export interface LabTools {
  readonly pulumi: string;
  readonly languageNodejs: string;
  readonly resourceCommand: string;
  readonly resourceTailscale: string;
  readonly resourceTls: string;
  readonly resourcePulumiNodejs: string;
  readonly resourceAws: string;
  readonly resourceAzureNative: string;
  readonly tailscale: string;
  readonly tailscaled: string;
  readonly headscale: string;
  /** One file called k3s, the real one or the stand-in. */
  readonly k3s: string;
  readonly k3sVersion: string;
  /** A later release of a real k3s, to upgrade to (LAB_K3S_NEXT). */
  readonly nextK3s?: NextK3s;
  /** The installer script that the mirror serves. */
  readonly installK3s: string;
  readonly tailscaleVersion: string;
  /** Small static program used by probe pods and hosts (ping, TCP serve/send, HTTP get). */
  readonly probe: string;
  /** What `hybrid-k3s verify` looks from: the part of Kubernetes' agnhost that it asks. */
  readonly agnhost: string;
  /** Names of the parts above that are stand-ins on this machine. */
  readonly standIns: readonly string[];
}

export interface NextK3s {
  readonly file: string;
  readonly version: string;
}

/** A long-running process of the lab outside the booted hosts. */
export interface ServiceSpec {
  readonly name: string;
  /** Network namespace that it runs in; absent: the lab's own. */
  readonly netns?: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves once it serves; rejects after its own limit with what was seen. Runs outside; `run` executes a command in the service's netns. */
  readonly waitReady: (run: RunInNetns) => Promise<void>;
}

export type RunInNetns = (
  argv: readonly string[],
  options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>> },
) => Promise<RunResult>;

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How far a step is: `done` packages, or of so many where that is known. */
export interface Amount {
  readonly what: string;
  readonly done: number;
  readonly of?: number;
}

/** Shows a step and its elapsed time, and how far it is where it says so; a step longer than two seconds shows while it runs. */
export interface Progress {
  step<T>(title: string, work: (report: (amount: Amount) => void) => Promise<T>): Promise<T>;
  note(text: string): void;
}
