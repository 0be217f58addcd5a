import { join } from "node:path";
import type { RunInNetns } from "../contract";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
  readonly path: string;
  readonly caFile: string;
}

/** Resolves when the endpoint answers 2xx inside the netns of `run`; rejects after `limitMs` with what was last seen and where the log is. */
export async function waitUntilServing(run: RunInNetns, endpoint: Endpoint, limitMs: number): Promise<void> {
  const { address, port, hostName, path, caFile } = endpoint;
  const result = await run([
    process.execPath,
    join(__dirname, "https-probe.mjs"),
    address,
    String(port),
    hostName,
    path,
    caFile,
    String(limitMs),
  ]);
  if (result.code !== 0) throw new Error(`not ready within ${limitMs / 1000} s: ${result.stderr.trim()}`);
}
