import type { HostName } from "../lab/hosts/topology";
import { createStack } from "../lab/stack";
import { cloudPool } from "../lab/stack-config";
import { expectSuccess } from "./expect-success";
import type { Figure } from "./figures";
import type { Bench } from "./fresh-hosts";
import { burstSettings } from "./measure-burst";

export const sessionsHosts: readonly HostName[] = ["rack-1", "rack-2", "bastion"];
const server: HostName = "rack-1";

// BENCH_BURST=3 is a quick look.
const count = Number(process.env["BENCH_BURST"] ?? 20);

/** Sessions that sshd accepts on the first server while a pool goes from 0 to many and back: they must not grow with the nodes. */
export async function sessionsFigures({ lab, progress, onOutput }: Bench): Promise<readonly Figure[]> {
  if (!Number.isInteger(count) || count < 1) throw new Error(`BENCH_BURST must be a whole number from 1 on, not ${count}`);
  const stack = await createStack(lab, { name: "sessions", settings: burstSettings(lab) });
  await progress.step("cluster", () => expectSuccess(stack, "up", onOutput));
  const sessionsOf = async (nodes: number) => {
    stack.edit((settings) => (cloudPool(settings, "burst").count = nodes));
    const before = await lab.host(server).sshSessions();
    await progress.step(`burst to ${nodes}`, () => expectSuccess(stack, "up", onOutput));
    return (await lab.host(server).sshSessions()) - before;
  };
  const [up, down] = [await sessionsOf(count), await sessionsOf(0)];
  await expectSuccess(stack, "destroy", onOutput);
  const figure = (name: string, sessions: number): Figure => ({ name, unit: "sessions", values: [sessions], floors: [] });
  return [figure(`server-sessions-burst-${count}`, up), figure(`server-sessions-burst-down-${count}`, down)];
}
