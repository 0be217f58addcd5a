import { connect } from "node:net";

const KNOCK_MS = 3000;

/**
 * Whether nobody answers there from this machine.
 * @type {(address: string, port: number) => Promise<boolean>}
 */
export function isClosedOutside(address, port) {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: KNOCK_MS });
    const end = (/** @type {boolean} */ closed) => {
      socket.destroy();
      resolve(closed);
    };
    socket.once("connect", () => end(false));
    socket.once("timeout", () => end(true));
    socket.once("error", () => end(true));
  });
}
