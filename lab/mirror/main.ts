import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import { serveFile } from "./file-server";

export interface MirrorConfig {
  readonly address: string;
  readonly port: number;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly tree: string;
  /** One JSON line a request: time, from, method, path, status, bytes. */
  readonly accessLog: string;
}

const [argument] = process.argv.slice(2);
if (argument === undefined) throw new Error("usage: main.ts CONFIG_JSON");
const config = JSON.parse(argument) as MirrorConfig;

const server = createServer({ cert: readFileSync(config.certificateFile), key: readFileSync(config.keyFile) }, (incoming, outgoing) => {
  const { method, url: path } = incoming;
  const time = new Date().toISOString();
  const from = incoming.socket.remoteAddress;
  serveFile(config.tree, incoming, outgoing)
    .catch((error: unknown) => {
      outgoing.destroy();
      return { status: 0, bytes: 0, error: String(error) };
    })
    .then((served) => appendFileSync(config.accessLog, `${JSON.stringify({ time, from, method, path, ...served })}\n`, { mode: 0o600 }))
    .catch((error: unknown) => console.error(error));
});
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
server.listen(config.port, config.address, () => console.log(`serving ${config.tree} on https://${config.address}:${config.port}`));
