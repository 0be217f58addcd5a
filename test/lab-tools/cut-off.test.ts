import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { killGroup } from "../../lab/hosts/run-command";
import { waitUntil } from "../../lab/hosts/wait-until";
import { downloadProgram } from "../../lab/tools/download-program";
import { dropHalfMade, halfMade } from "../../lab/tools/half-made";

const checkout = path.join(__dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "cut-off-"));
const stubs = path.join(folder, "stubs");
const cache = path.join(folder, "hybrid-k3s");
/** While this file is there, a stub stops half-way. */
const hold = path.join(folder, "hold");
const started: ChildProcess[] = [];

function addStub(name: string, text: string): void {
  mkdirSync(stubs, { recursive: true });
  writeFileSync(path.join(stubs, name), `#!/bin/sh\n${text}`);
  chmodSync(path.join(stubs, name), 0o755);
}

/** In a process group of its own, with the stubs before everything else and a cache of its own. */
function start(argv: readonly string[]): ChildProcess {
  const [program = "", ...rest] = argv;
  const env = { ...process.env, PATH: `${stubs}:${process.env["PATH"] ?? ""}`, XDG_CACHE_HOME: folder, HOLD: hold };
  const child = spawn(program, rest, { cwd: checkout, env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child;
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (text: Buffer) => (output += text.toString()));
  await once(child, "close");
  return output.trim();
}

const build = `require("./lab/tools/build-program.ts")
  .buildProgram("probe", { folder: "tools/go/probe", package: ".", values: [] }, (amount) => console.log(JSON.stringify(amount)))
  .then((file) => console.log(file))`;
const startBuild = () => start([process.execPath, "--import", "tsx", "-e", build]);

/** The folder of the program that is being built, once its build has begun. */
async function buildFolder(): Promise<string> {
  const tools = path.join(cache, "tools");
  const isThere = () => existsSync(tools) && readdirSync(tools).some((name) => existsSync(path.join(tools, name, "lock")));
  await waitUntil("the build begins", isThere, { timeoutMs: 30_000 });
  return path.join(tools, readdirSync(tools)[0] ?? "");
}

const parts = (place: string) => readdirSync(place).filter((name) => name.includes(".part"));

after(() => {
  for (const { pid, exitCode } of started) if (pid !== undefined && exitCode === null) killGroup(pid, "SIGKILL");
  rmSync(folder, { recursive: true });
});

describe("a build that is cut off", () => {
  // Writes half of a program, waits as long as it is held, and writes the whole.
  addStub(
    "go",
    `case $1 in
      env) echo go1.99; echo amd64 ;;
      list) echo "go: downloading example.org/one v1.0.0" >&2; echo stale; echo; echo stale ;;
      build)
        while [ "$1" != -o ]; do shift; done
        echo half >"$2"; chmod +x "$2"
        echo example.org/one >&2
        while [ -e "$HOLD" ]; do sleep 0.05; done
        echo whole >"$2"; echo example.org/two >&2 ;;
    esac\n`,
  );

  it("is made again by the next run, which tells how far it is and leaves nothing half made", async () => {
    writeFileSync(hold, "");
    const first = startBuild();
    const place = await buildFolder();
    await waitUntil("half of it is there", () => parts(place).length === 1, { timeoutMs: 10_000 });
    first.kill("SIGKILL");
    await once(first, "close");
    assert.equal(existsSync(path.join(place, "probe")), false);
    rmSync(hold);
    const lines = (await outputOf(startBuild())).split("\n");
    assert.deepEqual(
      lines.slice(0, -1).map((line) => JSON.parse(line) as unknown),
      [
        { what: "modules fetched", done: 1 },
        { what: "packages compiled", done: 1, of: 2 },
        { what: "packages compiled", done: 2, of: 2 },
      ],
    );
    assert.equal(lines.at(-1), path.join(place, "probe"));
    assert.equal(readFileSync(path.join(place, "probe"), "utf8"), "whole\n");
    assert.deepEqual(parts(place), []);
  });

  it("never takes the place of the whole that another checkout has made meanwhile", async () => {
    const place = await buildFolder();
    rmSync(path.join(place, "probe"));
    const other = start(["flock", path.join(place, "lock"), "sh", "-c", `echo; exec sleep 60`]);
    await once(other.stdout ?? other, "data");
    const waiting = startBuild();
    const { ino } = statSync(path.join(place, "lock"));
    const waits = () => new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync("/proc/locks", "utf8"));
    await waitUntil("a build waits for the lock", waits, { timeoutMs: 30_000 });
    // The other one is done, and a third was cut off where it wrote.
    writeFileSync(path.join(place, "probe"), "whole\n", { mode: 0o755 });
    writeFileSync(path.join(place, "probe.part"), "half\n", { mode: 0o755 });
    killGroup(other.pid ?? 0, "SIGKILL");
    await outputOf(waiting);
    assert.equal(readFileSync(path.join(place, "probe"), "utf8"), "whole\n");
  });
});

describe("an installation of Node.js that is cut off", () => {
  it("is made again by the next run", async () => {
    const script = path.join(checkout, "lab/tools/use-node.sh");
    const program = 'mkdir -p node_modules/node-22-x64/bin && cd node_modules/node-22-x64/bin && echo "#!/bin/sh" >node && chmod +x node';
    addStub("node", "echo v18.0.0\n");
    addStub("uname", "echo Linux x86_64\n");
    addStub("npm", `${program}\nwhile [ -e "$HOLD" ]; do sleep 0.05; done\necho "echo v22.1.0" >>node\n`);
    writeFileSync(hold, "");
    const first = start([script]);
    const half = () => existsSync(cache) && readdirSync(cache, { recursive: true }).some((name) => String(name).endsWith("bin/node"));
    await waitUntil("half of it is there", half, { timeoutMs: 10_000 });
    killGroup(first.pid ?? 0, "SIGKILL");
    await once(first, "close");
    rmSync(hold);
    const place = await outputOf(start([script]));
    assert.equal(spawnSync(path.join(place, "node"), { encoding: "utf8" }).stdout, "v22.1.0\n");
    assert.equal(await outputOf(start([script])), place);
  });
});

describe("a download that is cut off", () => {
  it("leaves nothing, and is made again", async () => {
    let isWhole = false;
    const server = createServer(({ url }, response) => {
      if (url === "/sums") return void response.end(`${createHash("sha256").update("hello").digest("hex")}  tool\n`);
      response.writeHead(200, { "content-length": 5 }).write("he");
      if (isWhole) response.end("llo");
      else setImmediate(() => response.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const release = { url: `${origin}/tool`, checksumsUrl: `${origin}/sums`, algorithm: "sha256" } as const;
    const place = path.join(folder, "downloads");
    await assert.rejects(downloadProgram("tool", release, { cache: place }), /cannot be reached/);
    assert.equal(existsSync(place), false);
    isWhole = true;
    // A vendor that failed once is not asked again by the same program.
    const again = `require("./lab/tools/download-program.ts")
      .downloadProgram("tool", ${JSON.stringify(release)}, { cache: ${JSON.stringify(place)} }).then((file) => console.log(file))`;
    const file = await outputOf(start([process.execPath, "--import", "tsx", "-e", again]));
    assert.equal(readFileSync(file, "utf8"), "hello");
    server.close();
  });
});

describe("what is half made", () => {
  it("is removed once its maker is gone, and stays while it runs", () => {
    const place = path.join(folder, "half-made");
    const gone = spawnSync("true").pid;
    mkdirSync(path.join(place, `tree.part-${gone}`, "bin"), { recursive: true });
    writeFileSync(halfMade(path.join(place, "tool")), "");
    writeFileSync(path.join(place, "tool.part"), "");
    dropHalfMade(place);
    assert.deepEqual(readdirSync(place).sort(), ["tool.part", `tool.part-${process.pid}`]);
    dropHalfMade(path.join(folder, "not-there"));
  });
});
