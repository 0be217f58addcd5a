import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { runCommand } from "../../lab/hosts/run-command";
import { checkoutRoot, stateDir } from "../../lab/paths";

// The checkout may lie in a folder that only root reads.
const mayRead = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"];
const folder = mkdtempSync(join(tmpdir(), "lab-requirements-"));

/** Starts the lab where something is missing: `spoil` runs first, in a mount namespace of its own. */
async function upWith(spoil: string, around: readonly string[] = []): Promise<{ code: number; said: string }> {
  const up = `${spoil}; exec "$@"`;
  const start = ["node", "--import", "tsx", "lab/cli.ts", "up"];
  const argv = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", up, "sh", ...around, ...start];
  const { code, stdout, stderr } = await runCommand(argv, { cwd: checkoutRoot, timeoutMs: 60_000 });
  return { code, said: (stdout + stderr).trim() };
}

describe("the lab on a machine that cannot run it", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("says in one sentence that it must be started as root", async () => {
    assert.deepEqual(await upWith("true", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...mayRead]), {
      code: 1,
      said: "The lab boots machines in namespaces of their own and must be started as root (sudo make ...).",
    });
  });

  it("says in one sentence that there is no TUN device", async () => {
    assert.deepEqual(await upWith("mount -t tmpfs tmpfs /dev/net"), {
      code: 1,
      said: "The lab needs the TUN device /dev/net/tun, and it cannot be opened here.",
    });
  });

  it("says in one sentence that it may not make namespaces", async () => {
    assert.deepEqual(await upWith("true", ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]), {
      code: 1,
      said: "The lab needs network, mount and process namespaces, and this machine does not let it make them.",
    });
  });

  it("says in one sentence that there is too little memory", async () => {
    const meminfo = join(folder, "meminfo");
    writeFileSync(meminfo, "MemTotal:        4194304 kB\nMemAvailable:    3145728 kB\n");
    assert.deepEqual(await upWith(`mount --bind ${meminfo} /proc/meminfo`), {
      code: 1,
      said: "The lab needs 6.0 GiB of free memory, and this machine has 3.0 GiB available.",
    });
  });

  it("says in one sentence that there is too little disk", async () => {
    assert.deepEqual(await upWith(`mkdir -p ${stateDir}; mount -t tmpfs -o size=2g tmpfs ${stateDir}`), {
      code: 1,
      said: `The lab needs 6.0 GiB of free disk in ${stateDir}, and there are 2.0 GiB.`,
    });
  });

  it("says in one sentence which programs are missing", async () => {
    assert.deepEqual(await upWith('empty=$(mktemp); mount --bind "$empty" "$(command -v mmdebstrap)"; rm -f "$empty"'), {
      code: 1,
      said: "The lab needs the programs mmdebstrap; lab/tools/install-packages.sh installs them on Debian and Ubuntu.",
    });
  });
});
