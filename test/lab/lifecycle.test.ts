import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { labGroups } from "../../lab/hosts/control-groups";
import { waitUntil } from "../../lab/hosts/wait-until";
import { checkoutRoot, hostScript } from "../../lab/paths";
import { silentProgress } from "../../lab/progress";
import { startLab } from "../../lab/start-lab";
import { labTraces, machineState } from "./helpers/lab-traces";

interface Holder {
  readonly pid: number;
  /** Resolves with the line that says that the lab is up. */
  readonly up: Promise<string>;
  readonly ended: Promise<void>;
}

/** Starts, in a checkout, a program that holds a lab of one host. */
function holdLab(checkout = checkoutRoot): Holder {
  const child = spawn("node", ["--import", "tsx", "test/lab/helpers/hold-lab.ts"], { cwd: checkout, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  return {
    pid: child.pid ?? 0,
    up: new Promise((resolve) => lines.once("line", resolve)),
    ended: new Promise((resolve) => child.once("close", () => resolve())),
  };
}

/** A program that is killed just as it starts the lab's supervisor leaves one that is not yet to be seen; it ends what it began by itself. */
const waitUntilNothingLeft = (machineBefore: string) =>
  waitUntil(
    "nothing of the lab is left",
    () => {
      const left = [...labTraces(), ...(machineState() === machineBefore ? [] : [machineState()])];
      if (left.length > 0) throw new Error(left.join("\n"));
      return true;
    },
    { timeoutMs: 20_000 },
  );

describe("the lab's end", () => {
  const machineBefore = machineState();

  // Before the namespaces, while they are made, while hosts boot.
  for (const milliseconds of [300, 700, 1000, 1500, 2500]) {
    it(`leaves nothing where its program is killed after ${milliseconds} ms`, async () => {
      const holder = holdLab();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      process.kill(holder.pid, "SIGKILL");
      await holder.ended;
      await waitUntilNothingLeft(machineBefore);
    });
  }

  it("cleans up where its program is gone before it reads the number of process 1", async () => {
    const state = mkdtempSync(join(tmpdir(), "unread-lab-"));
    const groups = labGroups().map((group) => `${group}-unread`);
    mkdirSync(join(state, "run"));
    mkdirSync(join(state, "etc"));
    for (const name of ["hosts", "resolv.conf"]) writeFileSync(join(state, "etc", name), "127.0.0.1 localhost\n");
    writeFileSync(join(state, "run", "network"), "");
    writeFileSync(join(state, "run", "cgroups"), groups.map((group) => `${group}\n`).join(""));
    try {
      // Nobody holds standard input, and nobody reads standard output.
      execFileSync("sh", ["-c", 'true | "$0" "$1" | true', hostScript("supervise-lab.sh"), state], { timeout: 20_000 });
      await waitUntilNothingLeft(machineBefore);
      assert.deepEqual(groups.filter(existsSync), []);
    } finally {
      execFileSync(hostScript("clean-up-lab.sh"), [state, "0"]);
      rmSync(state, { recursive: true });
    }
  });

  it("leaves nothing where its program is killed while the lab is up, and the next start works", async () => {
    const holder = holdLab();
    assert.equal(await holder.up, "rack-1 is up");
    assert.notDeepEqual(labTraces(), []);
    process.kill(holder.pid, "SIGKILL");
    await holder.ended;
    await waitUntilNothingLeft(machineBefore);
    const lab = await startLab({ progress: silentProgress, control: false, hosts: ["bastion"] });
    assert.equal(await lab.operator.ssh("bastion", ["hostname"]), "bastion\n");
    await lab.down();
    assert.deepEqual(labTraces(), []);
    assert.equal(machineState(), machineBefore);
  });
});

describe("a second checkout's lab", () => {
  const second = mkdtempSync(join(tmpdir(), "second-checkout-"));
  after(() => rmSync(second, { recursive: true }));

  it("runs beside the first one, which goes on when it ends", async () => {
    for (const name of ["lab", "src", "test", "package.json", "tsconfig.json"])
      cpSync(join(checkoutRoot, name), join(second, name), { recursive: true });
    symlinkSync(join(checkoutRoot, "node_modules"), join(second, "node_modules"));
    const machineBefore = machineState();
    const lab = await startLab({ progress: silentProgress, control: false, hosts: ["rack-1", "bastion"] });
    const holder = holdLab(second);
    assert.equal(await holder.up, "rack-1 is up");
    assert.equal(await lab.operator.ssh("rack-1", ["echo first"]), "first\n");
    process.kill(holder.pid, "SIGKILL");
    await holder.ended;
    assert.equal(await lab.operator.ssh("rack-1", ["echo first"]), "first\n");
    await lab.host("rack-1").reboot();
    await lab.down();
    assert.deepEqual(labTraces(), []);
    await waitUntil("the last lab puts shared settings back", () => machineState() === machineBefore, { timeoutMs: 20_000 });
  });
});
