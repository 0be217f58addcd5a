import { negotiatedHostKey } from "./host-keys.mjs";
import { faults } from "./ssh-fault.mjs";

const PROBE_MS = 15_000;
const GOODBYE_MS = 500;
// Enough for any message of ours; a host that floods its output cannot fill the operator's memory.
const MOST_OUTPUT = 256 * 1024;

/** An open connection that runs commands, each with a time limit. */
export class SshSession {
  #at;
  #clients;

  /** `clients`: the connection to the machine first, then those that carry it. */
  constructor(at, clients) {
    this.#at = at;
    this.#clients = clients;
  }

  /** Runs a script, given by its text on stdin, as root: by sudo without a password unless root itself logs in. */
  async runAsRoot(name, text, { limitMs, onLine } = {}) {
    const isRoot = this.#at.user === "root";
    if (!isRoot) await this.#expectSudo();
    return this.run(`${isRoot ? "" : "sudo -n "}sh -s -- ${name}`, { input: text, limitMs, onLine, what: name });
  }

  /** Resolves with the exit code and both outputs; throws an SshFault when the command did not end by itself. */
  run(command, { input = "", limitMs, onLine, what = command }) {
    return new Promise((resolve, reject) => {
      const [client] = this.#clients;
      const output = { stdout: "", stderr: "" };
      let status;
      const settle = (fault) => {
        clearTimeout(timer);
        client.removeListener("close", onLost);
        if (fault) reject(fault);
        else resolve({ ...status, ...output });
      };
      const onLost = () => settle(faults.lost(this.#at, what));
      const timer = setTimeout(() => settle(faults.limit(this.#at, what, limitMs)), limitMs);
      client.once("close", onLost);
      client.exec(command, (error, channel) => {
        if (error) return settle(faults.lost(this.#at, what));
        // Writing to a shell that ended early is seen by its exit code.
        channel.on("error", () => {});
        channel.on("exit", (code, signal) => (status = { code, signal }));
        channel.on("close", () => (status ? settle() : onLost()));
        collect(channel, (piece) => (output.stdout = (output.stdout + piece).slice(-MOST_OUTPUT)));
        const lines = splitLines(onLine);
        collect(channel.stderr, (piece) => {
          output.stderr = (output.stderr + piece).slice(-MOST_OUTPUT);
          lines(piece);
        });
        channel.end(input);
      });
    });
  }

  /** The host key that @pulumi/command will meet here, and at the bastion if there is one; `pinned` in the same order. */
  hostKeys(pinned, announceMs) {
    return Promise.all(this.#clients.map((client, index) => negotiatedHostKey(client, pinned[index], announceMs)));
  }

  close() {
    for (const client of this.#clients) {
      client.end();
      setTimeout(() => client.destroy(), GOODBYE_MS).unref();
    }
  }

  async #expectSudo() {
    const probe = await this.run("sudo -n true", { limitMs: PROBE_MS, what: "sudo -n true" });
    if (probe.code === 0) return;
    const words = lastLine(probe.stderr) || lastLine(probe.stdout) || `exit code ${probe.code}`;
    throw faults.sudo(this.#at, probe.code === 127 ? "sudo is not installed" : words);
  }
}

/** The last line that says something. */
export function lastLine(text) {
  return (
    text
      .trimEnd()
      .split("\n")
      .findLast((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

function collect(stream, take) {
  stream.setEncoding("utf8");
  stream.on("data", take);
}

function splitLines(onLine) {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop().slice(-MOST_OUTPUT);
    if (onLine) for (const line of lines) onLine(line);
  };
}
