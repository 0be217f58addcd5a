import { faults } from "./ssh-fault.mjs";

/** @import { Readable } from "node:stream" */
/** @import { Client, ClientChannel } from "ssh2" */
/** @import { SshFault, SshTarget } from "./ssh-fault.mjs" */

/** @typedef {(line: string) => unknown} OnLine Gets each line of stderr */
/** @typedef {{ readonly limitMs: number; readonly onLine?: OnLine | undefined }} RunLimits */
/** @typedef {{ readonly code: number | null; readonly signal?: string | undefined }} ExitStatus */
/** @typedef {ExitStatus & { readonly stdout: string; readonly stderr: string }} Reply */

const PROBE_MS = 15_000;
const GOODBYE_MS = 500;
/** How much longer than we wait a script may go on, and then take to clean up behind itself. */
const GRACE_SECONDS = { end: 2, kill: 10 };
// Enough for any message of ours; a host that floods its output cannot fill the operator's memory.
const MOST_OUTPUT = 256 * 1024;

/** A bastion passes on that the host hung up (end) and keeps its own half open: no close comes, and ssh2 asks no more whether the host lives. */
const GONE = ["end", "close"];

/**
 * Tells once that a connection is gone.
 * @type {(client: Client, listener: () => void) => void}
 */
export function onGone(client, listener) {
  client.once("end", listener);
  client.once("close", listener);
}

/** An open connection that runs commands, each with a time limit. */
export class SshSession {
  /** @type {SshTarget} */
  #at;
  /** @type {readonly [Client, ...Client[]]} */
  #clients;
  /** @type {Promise<void> | undefined} */
  #sudo;
  isOpen = true;

  /**
   * @param {SshTarget} at
   * @param {readonly [Client, ...Client[]]} clients The connection to the machine first, then those that carry it.
   */
  constructor(at, clients) {
    this.#at = at;
    this.#clients = clients;
    onGone(clients[0], () => (this.isOpen = false));
  }

  /**
   * Runs a script, given by its text on stdin, as root: by sudo without a password unless root itself logs in. The host ends it too, with all that
   * it started: the connection may be lost by then, and what sudo runs takes no signal of the user's.
   * @param {string} name
   * @param {string} text
   * @param {RunLimits} limits
   */
  async runAsRoot(name, text, { limitMs, onLine }) {
    const isRoot = this.#at.user === "root";
    if (!isRoot) await this.#expectSudo();
    const bound = `timeout -k ${GRACE_SECONDS.kill} ${Math.ceil(limitMs / 1000) + GRACE_SECONDS.end}`;
    return this.run(`${isRoot ? "" : "sudo -n "}${bound} sh -s -- ${name}`, { input: text, limitMs, onLine, what: name });
  }

  /**
   * Resolves with the exit code and both outputs; throws an SshFault when the command did not end by itself.
   * @param {string} command
   * @param {RunLimits & { readonly input?: string; readonly what?: string }} options
   * @returns {Promise<Reply>}
   */
  run(command, { input = "", limitMs, onLine, what = command }) {
    return new Promise((resolve, reject) => {
      const [client] = this.#clients;
      const output = { stdout: "", stderr: "" };
      /** @type {ExitStatus | undefined} */
      let status;
      /** @type {ClientChannel | undefined} */
      let open;
      let isOver = false;
      /** @type {(fault?: SshFault) => void} */
      const settle = (fault) => {
        clearTimeout(timer);
        for (const event of GONE) client.removeListener(event, onLost);
        if (fault) reject(fault);
        else resolve({ code: null, ...status, ...output });
      };
      let hasStarted = false;
      const onLost = () => settle(hasStarted ? faults.lost(this.#at, what) : faults.closed(this.#at, what));
      const timer = setTimeout(() => {
        isOver = true;
        endCommand(open);
        settle(faults.limit(this.#at, what, limitMs));
      }, limitMs);
      onGone(client, onLost);
      /** @type {(error: Error | undefined, channel: ClientChannel) => void} */
      const onChannel = (error, channel) => {
        if (error) return isRefusedSession(error) ? settle(faults.sessions(this.#at)) : onLost();
        if (isOver) return endCommand(channel);
        open = channel;
        hasStarted = true;
        // Writing to a shell that ended early is seen by its exit code.
        channel.on("error", () => {});
        channel.on("exit", (/** @type {number | null} */ code, /** @type {string | undefined} */ signal) => (status = { code, signal }));
        channel.on("close", () => (status ? settle() : onLost()));
        collect(channel, (piece) => (output.stdout = (output.stdout + piece).slice(-MOST_OUTPUT)));
        const lines = splitLines(onLine);
        collect(channel.stderr, (piece) => {
          output.stderr = (output.stderr + piece).slice(-MOST_OUTPUT);
          lines(piece);
        });
        channel.end(input);
      };
      try {
        client.exec(command, onChannel);
      } catch {
        // It throws where the connection is closed already.
        onLost();
      }
    });
  }

  close() {
    for (const client of this.#clients) {
      client.end();
      setTimeout(() => client.destroy(), GOODBYE_MS).unref();
    }
  }

  /** Asked once: the scripts that share a connection share the answer. */
  #expectSudo() {
    this.#sudo ??= this.#askSudo().catch((fault) => {
      this.#sudo = undefined;
      throw fault;
    });
    return this.#sudo;
  }

  async #askSudo() {
    const probe = await this.run("sudo -n true", { limitMs: PROBE_MS, what: "sudo -n true" });
    if (probe.code === 0) return;
    const words = lastLine(probe.stderr) || lastLine(probe.stdout) || `exit code ${probe.code}`;
    throw faults.sudo(this.#at, probe.code === 127 ? "sudo is not installed" : words);
  }
}

/**
 * On a connection that others share nothing else would close its channel. ssh2 sends no signal behind the input's end.
 * @type {(channel: ClientChannel | undefined) => void}
 */
function endCommand(channel) {
  if (channel === undefined) return;
  // Nobody listens to it any more.
  channel.on("error", () => {});
  channel.close();
}

/**
 * OpenSSH's answer beyond MaxSessions (RFC 4254, 5.1); ssh2 words it so.
 * @type {(error: Error) => boolean}
 */
const isRefusedSession = ({ message }) => /channel open failure/i.test(message);

/**
 * The last line that says something.
 * @type {(text: string) => string}
 */
export function lastLine(text) {
  return (
    text
      .trimEnd()
      .split("\n")
      .findLast((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

/** @type {(stream: Readable, take: (piece: string) => void) => void} */
function collect(stream, take) {
  stream.setEncoding("utf8");
  stream.on("data", take);
}

/** @type {(onLine: OnLine | undefined) => (piece: string) => void} */
function splitLines(onLine) {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = (lines.pop() ?? "").slice(-MOST_OUTPUT);
    if (onLine) for (const line of lines) onLine(line);
  };
}
