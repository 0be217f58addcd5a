import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { AdminCalls } from "./admin-types";

const ANSWER_LIMIT_MS = 20_000;

/** Calls the emulation's admin interface over its unix socket; works from outside the lab's namespaces, because the file system is shared. */
export class AdminClient {
  constructor(private readonly socket: string) {}

  call<Name extends keyof AdminCalls>(
    name: Name,
    ...input: Record<string, never> extends AdminCalls[Name]["in"] ? [AdminCalls[Name]["in"]?] : [AdminCalls[Name]["in"]]
  ): Promise<AdminCalls[Name]["out"]> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.socket, method: "POST", path: `/${name}`, timeout: ANSWER_LIMIT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text) as AdminCalls[Name]["out"]);
          else reject(new Error(`${name}: ${text}`));
        });
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS / 1000} s`)));
      outgoing.on("error", (error) => reject(new Error(`${name} over ${this.socket}: ${error.message}`, { cause: error })));
      outgoing.end(JSON.stringify(input[0] ?? {}));
    });
  }

  /** Resolves once the emulation serves; rejects after the limit with what was last seen. */
  async waitUntilReady(limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      try {
        await this.call("ready");
        return;
      } catch (error) {
        if (Date.now() > deadline)
          throw new Error(`the API emulation is not ready within ${limitMs / 1000} s: ${(error as Error).message}`, { cause: error });
        await delay(50);
      }
    }
  }
}
