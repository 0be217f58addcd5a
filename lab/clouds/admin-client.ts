import { request } from "node:http";
import { waitUntil } from "../hosts/wait-until";
import { inState } from "../paths";
import { CloudError } from "./contract";
import type { CloudName } from "./contract";
import { OPERATOR_HEADER } from "./serve-actions";

const ANSWER_LIMIT_MS = 60_000;

/** Where the emulated clouds listen. */
export const cloudsSocket = (): string => inState("run", "sockets", "clouds.sock");

/** Asks the emulated clouds over their unix socket; works from outside the lab's namespaces, because the file system is shared. */
export class CloudsClient {
  constructor(private readonly socket = cloudsSocket()) {}

  /** What a provider asks for, asked by a test; refusals are CloudErrors. */
  call(cloud: CloudName, action: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.post(`/${cloud}/${action}`, parameters);
  }

  /** What only the lab can do: faults, what happens behind the program's back, and what is left. */
  admin(cloud: CloudName, action: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.post(`/admin/${cloud}/${action}`, parameters);
  }

  async waitUntilReady(limitMs: number): Promise<void> {
    const answers = async () => (await this.send("GET", "/ready")).status === 200;
    await waitUntil("the emulated clouds answer", answers, { timeoutMs: limitMs, intervalMs: 50 });
  }

  private async post(path: string, body: unknown): Promise<unknown> {
    const { status, text } = await this.send("POST", path, JSON.stringify(body));
    const answer = JSON.parse(text) as unknown;
    if (status === 200) return answer;
    const { code, message } = answer as { readonly code: string; readonly message: string };
    throw new CloudError(code, message, status);
  }

  private send(method: string, path: string, body = ""): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { [OPERATOR_HEADER]: "yes" };
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.socket, method, path, headers, timeout: ANSWER_LIMIT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on("error", reject);
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS / 1000} s`)));
      outgoing.on("error", (error) => reject(new Error(`${path} over ${this.socket}: ${error.message}`, { cause: error })));
      outgoing.end(body);
    });
  }
}
