import type { RunResult } from "../contract";
import { checkoutRoot, inState } from "../paths";
import type { Namespaces } from "./namespaces";
import { operatorEnvironment } from "./operator-environment";
import type { RunOptions } from "./run-command";
import { CommandError } from "./run-command";
import type { HostName } from "./topology";
import { addresses } from "./topology";
import { WanMachine } from "./wan-machine";
import { waitUntil } from "./wait-until";

const sshPorts = "22, 2201-2203";

/** The person who runs Pulumi and kubectl: this machine's own programs, on the lab's internet and in the tailnet. */
export class Operator extends WanMachine {
  constructor(private readonly inside: Namespaces) {
    super("operator", addresses.operator, inside, operatorEnvironment());
  }

  /** Runs pulumi in the checkout; code and output, as a failing `up` is often what a test asks for. */
  pulumi(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.run([inState("bin", "pulumi"), "--non-interactive", "--color=never", ...argv], { cwd: checkoutRoot, ...options });
  }

  /** Runs kubectl with the kubeconfig that was last saved. */
  kubectl(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.run([inState("bin", "kubectl"), ...argv], { timeoutMs: 60_000, ...options });
  }

  /** Runs a command on a host by ssh, as a person would. */
  async ssh(host: HostName, argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run([inState("bin", "ssh"), host, "--", ...argv], { timeoutMs: 60_000, ...options });
    if (result.code !== 0) throw new CommandError([`ssh ${host}`, ...argv], result);
    return result.stdout;
  }

  /** Waits until the operator can log in to the host. */
  async waitSsh(host: HostName, timeoutMs = 60_000): Promise<void> {
    await waitUntil(`${host} lets the operator in by ssh`, async () => (await this.ssh(host, ["true"], { timeoutMs: 10_000 })) === "", {
      timeoutMs,
    });
  }

  /** Counts the SSH connections that this machine opens from now on; the answer is asked for as often as wanted. */
  async countSshConnections(): Promise<() => Promise<number>> {
    const rules = `table ip ssh-count {
  chain output {
    type filter hook output priority 0
    tcp dport { ${sshPorts} } tcp flags & (syn | ack) == syn counter
  }
}
`;
    await this.inside.run(["nft", "delete", "table", "ip", "ssh-count"], { netns: this.name });
    await this.inside.runOrFail(["nft", "-f", "-"], { netns: this.name, input: rules });
    return async () => {
      const { stdout } = await this.inside.runOrFail(["nft", "list", "table", "ip", "ssh-count"], { netns: this.name });
      const match = /counter packets (\d+)/.exec(stdout);
      if (match?.[1] === undefined) throw new Error(`no counter in: ${stdout}`);
      return Number(match[1]);
    };
  }
}
