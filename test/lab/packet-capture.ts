import type { Lab } from "../../lab/lab";
import { waitUntil } from "../../lab/hosts/wait-until";

/** Where to listen: an interface of a host or router, or one of the lab's bridges, which sees all of a site and outlives reboots. */
export interface Tap {
  readonly netns?: string;
  readonly interface: string;
}

export interface Capture {
  /** What has been seen so far; a line for each packet that the filter let through. */
  readonly seen: readonly string[];
  /** Ends it and gives all that was seen. */
  stop(): Promise<string[]>;
}

/** Listens with tcpdump; returns when it is listening, so that nothing sent afterwards is missed. */
export async function startCapture(lab: Lab, tap: Tap, filter: string): Promise<Capture> {
  const ending = new AbortController();
  let said = "";
  const packets = (output: string) => output.split("\n").filter((line) => /^\d\d:\d\d:\d\d\./.test(line));
  const argv = ["tcpdump", "--immediate-mode", "-n", "-l", "-i", tap.interface, filter];
  const place = tap.netns === undefined ? {} : { netns: tap.netns };
  const running = lab.namespaces.run(argv, { ...place, signal: ending.signal, onOutput: (text) => (said += text) });
  const early = running.then(({ code, stderr }) => {
    throw new Error(`tcpdump on ${tap.interface} ended with ${code}: ${stderr}`);
  });
  const listening = waitUntil(`tcpdump listens on ${tap.interface}`, () => said.includes("listening on"), { timeoutMs: 10_000 });
  await Promise.race([listening, early]);
  early.catch(() => undefined);
  return {
    get seen() {
      return packets(said);
    },
    async stop() {
      ending.abort();
      const { stdout, stderr } = await running;
      if (!/^0 packets dropped by kernel$/m.test(stderr)) throw new Error(`tcpdump on ${tap.interface} missed packets: ${stderr}`);
      return packets(stdout);
    },
  };
}
