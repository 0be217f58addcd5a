import net from "node:net";
import { Deadline } from "../run/deadline.mjs";
import { openHop } from "./ssh-hop.mjs";
import { faults } from "./ssh-fault.mjs";
import { SshSession } from "./ssh-session.mjs";

/** @import { Duplex } from "node:stream" */
/** @import { Client } from "ssh2" */
/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { Dial, Keepalive } from "./ssh-hop.mjs" */
/** @import { Machine, SshFault, SshTarget } from "./ssh-fault.mjs" */

/**
 * A host and the bastion on the way to it.
 * @typedef {object} HostRoute
 * @property {string} name What the host is called in messages.
 * @property {Machine} host
 * @property {Machine | undefined} [bastion]
 */
/** @typedef {{ readonly connectMs?: number | undefined; readonly keepalive?: Keepalive | undefined }} OpenOptions */

/** How long one machine may take from the first packet to the login. */
export const CONNECT_MS = 10_000;

/** A machine that answers none of so many questions, so far apart, is taken for gone; the network between may not notice it for hours. */
const KEEPALIVE = { intervalMs: 3000, most: 3 };

// Two addresses of one name are tried one after the other; Node's own 250 ms for each is too short for a far host.
const ATTEMPT_MS = 3000;

/**
 * Connects to a host, through its bastion if it has one. Throws an SshFault that names machine, fault and remedy.
 * @type {(route: HostRoute, credentials: SshCredentials, options?: OpenOptions) => Promise<SshSession>}
 */
export async function openSession({ name, host, bastion }, credentials, { connectMs = CONNECT_MS, keepalive = KEEPALIVE } = {}) {
  const limits = { connectMs, keepalive };
  const { privateKey, bastionPrivateKey, agentSocket } = credentials;
  const target = { ...host, port: host.port ?? 22, name };
  if (!bastion) {
    const client = await openHop(target, { privateKey, agentSocket }, dialDirect(target), new Deadline(connectMs), limits);
    return new SshSession(target, [client]);
  }
  const jump = { ...bastion, port: bastion.port ?? 22, name: `the bastion of ${name}`, isBastion: true };
  const outer = await openHop(jump, { privateKey: bastionPrivateKey, agentSocket }, dialDirect(jump), new Deadline(connectMs), limits);
  try {
    const inner = await openHop(target, { privateKey, agentSocket }, dialThrough(outer, jump, target), new Deadline(connectMs), limits);
    return new SshSession(target, [inner, outer]);
  } catch (fault) {
    outer.end();
    outer.destroy();
    throw fault;
  }
}

/** @type {(at: SshTarget) => Dial} */
function dialDirect({ address, port }) {
  return (deadline) =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: address, port, autoSelectFamilyAttemptTimeout: ATTEMPT_MS });
      const timer = setTimeout(() => socket.destroy(Object.assign(new Error("connecting"), { code: "ETIMEDOUT" })), deadline.left);
      socket.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.removeAllListeners("error");
        // ssh2 listens from connect() on; until then an error must not end the process.
        socket.on("error", () => {});
        resolve(socket);
      });
    });
}

/** @type {(outer: Client, jump: SshTarget, target: SshTarget) => () => Promise<Duplex>} */
function dialThrough(outer, jump, target) {
  return () =>
    new Promise((resolve, reject) => {
      const onLost = () => reject(faults.dropped(jump, "while connecting on"));
      outer.once("close", onLost);
      outer.forwardOut("127.0.0.1", 0, target.address, target.port, (error, channel) => {
        outer.removeListener("close", onLost);
        if (!error) return resolve(channel);
        reject(faultBehind(jump, target, error));
      });
    });
}

// RFC 4254, 5.1. With CONNECT_FAILED OpenSSH gives the words of the C library for its own connect().
const CONNECT_FAILED = 2;

/** @type {(jump: SshTarget, target: SshTarget, error: Error) => SshFault} */
function faultBehind(jump, target, error) {
  const words = error.message.replace(/^.*Channel open failure:?\s*/, "");
  const seen = `${jump.name} says: ${words || "connect failed"}`;
  if (/refused/i.test(words)) return faults.refused(target);
  if (/not known|resol/i.test(words)) return faults.name(target, seen);
  if (/no response from server/i.test(words)) return faults.dropped(jump, "while connecting on");
  if ("reason" in error && error.reason === CONNECT_FAILED) return faults.route(target, seen);
  return faults.forward(jump, target, words);
}
