import type { HostName } from "../lab/hosts/topology";
import type { Lab } from "../lab/lab";
import { createStack } from "../lab/stack";
import { expectSuccess } from "./expect-success";
import { type MemoryPeak, watchMemory } from "./memory-peak";
import { type Spent, measure } from "./stopwatch";

export interface ProgramTimes {
  readonly up: Spent;
  readonly secondUp: Spent;
  readonly addOne: Spent;
  readonly removeOne: Spent;
  readonly destroy: Spent;
  /** SSH logins for each new node, on whichever node's host they were: the most of the first `up` and of adding one. */
  readonly sshSessions: number;
  readonly memory: MemoryPeak;
}

const cluster: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];
const spare: HostName = "rack-3";

/** One life of the same cluster by the program, on newly installed hosts. `onOutput` sees what pulumi says. */
export async function measureProgram(lab: Lab, run: number, onOutput: (text: string) => void): Promise<ProgramTimes> {
  const stack = await createStack(lab, { name: `bench-${run}` });
  const timed = (verb: "up" | "destroy", flags: readonly string[] = []) => measure(() => expectSuccess(stack, verb, onOutput, flags));
  const times: Partial<Record<keyof ProgramTimes, Spent>> = {};
  let sshSessions = 0;
  const memory = await watchMemory(async () => {
    const first = await countSessions(lab, cluster);
    times.up = await timed("up");
    sshSessions = (await first()) / cluster.length;
    times.secondUp = await timed("up", ["--expect-no-changes"]);
    stack.addHost(spare);
    const second = await countSessions(lab, [...cluster, spare]);
    times.addOne = await timed("up");
    sshSessions = Math.max(sshSessions, await second());
    stack.removeHost(spare);
    times.removeOne = await timed("up");
    times.destroy = await timed("destroy");
  });
  return { ...(times as Record<Exclude<keyof ProgramTimes, "memory" | "sshSessions">, Spent>), sshSessions, memory };
}

/** Logins that the hosts' sshd accept from now on; a bastion's are not counted, as they come with each session behind it. */
async function countSessions(lab: Lab, names: readonly HostName[]): Promise<() => Promise<number>> {
  const count = async () => {
    const sessions = await Promise.all(names.map((name) => lab.host(name).sshSessions()));
    return sessions.reduce((sum, one) => sum + one, 0);
  };
  const before = await count();
  return async () => (await count()) - before;
}
