import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { after, describe, it } from "node:test";
import { Namespaces } from "../../lab/hosts/namespaces";
import { waitUntil } from "../../lab/hosts/wait-until";
import { inState, stateDir } from "../../lab/paths";
import { DemoRun } from "./helpers/demo-run";
import { labTraces, machineState } from "./helpers/lab-traces";

const mark = { HYBRID_K3S_INTERRUPTED: randomUUID() };

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Processes that the demo started, by their environment, and those that hold a namespace in which the lab's folder is mounted. */
function demoTraces(): string[] {
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return others.flatMap((pid) => {
    const environment = readOrEmpty(`/proc/${pid}/environ`);
    const isOurs = environment.includes(mark.HYBRID_K3S_INTERRUPTED) || environment.includes(`${stateDir}/`);
    const holds = readOrEmpty(`/proc/${pid}/mountinfo`).includes(`${stateDir}/`);
    const told = `${pid} ${readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`;
    return [...(isOurs ? [`process ${told}`] : []), ...(holds ? [`namespace held by ${told}`] : [])];
  });
}

const traces = (): readonly string[] => [...labTraces(), ...demoTraces()];

/** The machine's own network: namespaces with a name, and firewall rules without their counters. */
function networkState(): string {
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: "utf8" });
  const rules = [run("iptables-save"), run("ip6tables-save")].join("").replace(/^#.*\n|\[\d+:\d+\]/gm, "");
  return `${run("ip", "netns", "list")}${rules}${run("nft", "--stateless", "list", "tables")}`;
}

const wholeState = () => machineState() + networkState();

const waitUntilNothingLeft = (before: string) =>
  waitUntil(
    "nothing of the demo is left",
    () => {
      const now = wholeState();
      const left = [...traces(), ...(now === before ? [] : [now])];
      if (left.length > 0) throw new Error(left.join("\n"));
      return true;
    },
    { timeoutMs: 30_000 },
  );

/** A host's supervisor has been started, so hosts boot. */
const isBooting = () => existsSync(inState("run", "daemons", "host-rack-1"));

describe("make demo, interrupted", () => {
  const before = wholeState();
  let running: DemoRun | undefined;

  function startDemo(): DemoRun {
    rmSync(inState("run", "daemons"), { recursive: true, force: true });
    running = new DemoRun(mark);
    return running;
  }

  const expectNothingLeft = () => waitUntilNothingLeft(before);

  after(async () => {
    running?.kill();
    await Namespaces.find()?.end();
  });

  it("leaves nothing after one Ctrl-C while hosts boot", async () => {
    const demo = startDemo();
    await demo.until("hosts boot", isBooting);
    assert.notDeepEqual(traces(), []);
    demo.interrupt();
    assert.notEqual(await demo.ended, 0);
    // At its end, not some time after it.
    assert.deepEqual(traces(), []);
    // A pipe gets plain lines, and one word on the interruption: no step that failed by it, nothing drawn over.
    assert.match(demo.said, /^make demo: [^]*\ninterrupted: ending the lab\n/);
    assert.doesNotMatch(demo.said, /\u001b|\r|✗/);
    await expectNothingLeft();
  });

  it("runs again, and leaves nothing after two Ctrl-C in the middle of pulumi up", async () => {
    const demo = startDemo();
    await demo.engineSays(/rack-1-join creating/);
    demo.interruptTwice();
    assert.notEqual(await demo.ended, 0);
    await expectNothingLeft();
  });

  it("runs again, and leaves nothing where it is killed in the middle of pulumi up", async () => {
    const demo = startDemo();
    await demo.engineSays(/rack-1-join creating/);
    demo.kill();
    await demo.ended;
    await expectNothingLeft();
  });

  it("runs again until hosts have joined, and leaves nothing after one Ctrl-C then", async () => {
    const demo = startDemo();
    await demo.engineSays(/rack-1-join created/);
    demo.interrupt();
    assert.notEqual(await demo.ended, 0);
    assert.deepEqual(traces(), []);
    await expectNothingLeft();
  });
});
