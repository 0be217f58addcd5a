import { spawn } from "node:child_process";
import { Server } from "node:net";
import { join } from "node:path";
import type { Namespaces } from "../../../hosts/namespaces";

export interface PlaceToListen {
  readonly netns: string;
  readonly address: string;
  readonly port: number;
}

/** Listens in another network namespace of the lab than this program's. */
export function listenInNetns(namespaces: Namespaces, { netns, address, port }: PlaceToListen): Promise<Server> {
  const program = [process.execPath, join(__dirname, "listen-in-netns.mjs"), address, String(port)];
  const [command = "", ...argv] = [...namespaces.enter(netns), ...program];
  const child = spawn(command, argv, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`listening on ${address}:${port} in ${netns} failed: the helper ended with ${code ?? "a signal"}`)),
    );
    child.on("message", (_message, handle) => {
      if (!(handle instanceof Server)) return;
      child.removeAllListeners("exit").on("exit", () => resolve(handle));
      child.disconnect();
    });
  });
}
