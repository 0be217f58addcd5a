import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const script = resolve(__dirname, "../../src/catalog/refresh-k3s-flags.sh");
const folder = mkdtempSync(join(tmpdir(), "refresh-k3s-flags-"));

/** A k3s that only answers for its help and its version. */
function fakeK3s(name: string, answers: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  const cases = Object.entries(answers).map(([args, text]) => `'${args}') cat <<'EOF'\n${text}\nEOF\n;;`);
  writeFileSync(path, `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\n*) exit 1 ;;\nesac\n`);
  chmodSync(path, 0o755);
  return path;
}

const serverHelp = `NAME:
   k3s server - Run management server

OPTIONS:
   --config FILE, -c FILE                             (config) Load configuration from FILE [$K3S_CONFIG_FILE]
   --debug                                            (logging) Turn on debug logs (default: false) [$K3S_DEBUG]
   -v value                                           (logging) Number for the log level verbosity (default: 0)
   --tls-san value [ --tls-san value ]                (listener) Add additional hostnames
   --log value, -l value                              (logging) Log to file
   --bind-address value                               (listener) k3s bind address
   --rootless                                         (experimental) Run rootless, see --help
   --help, -h                                         show help`;

describe("refresh-k3s-flags.sh", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("lists what each role knows, and what each setting takes", () => {
    const k3s = fakeK3s("k3s", {
      "--version": "k3s version v1.35.4+k3s1 (abc)\ngo version go1.25",
      "server --help": serverHelp,
      "agent --help": "   --debug    (logging) x",
    });
    const run = spawnSync("sh", [script, k3s], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(JSON.parse(run.stdout), {
      source: "k3s server --help and k3s agent --help, k3s v1.35.4+k3s1; 'takes' is value, list or boolean",
      server: {
        config: { takes: "value" },
        debug: { takes: "boolean" },
        "tls-san": { takes: "list" },
        log: { takes: "value" },
        "bind-address": { takes: "value" },
        rootless: { takes: "boolean" },
      },
      agent: { debug: { takes: "boolean" } },
    });
  });

  it("refuses a program that is no k3s", () => {
    const other = fakeK3s("other", { "--version": "something else 1.0" });
    const run = spawnSync("sh", [script, other], { encoding: "utf8" });
    assert.equal(run.status, 1);
    assert.equal(run.stderr, `${other} does not report a k3s version; give the path of a k3s program\n`);
    assert.equal(run.stdout, "");
  });
});
