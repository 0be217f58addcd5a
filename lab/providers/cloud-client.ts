import { request } from "node:http";
import type { CloudName } from "../clouds/contract";

/** A refusal of the emulated cloud, in the cloud's own words. */
export class CloudRefusal extends Error {
  override readonly name = "CloudRefusal";
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Asks one action of a cloud; the service listens on the socket that LAB_CLOUDS_SOCKET names. */
export async function callCloud<Answer>(cloud: CloudName, action: string, parameters: Readonly<Record<string, unknown>>): Promise<Answer> {
  const socketPath = process.env["LAB_CLOUDS_SOCKET"];
  if (socketPath === undefined) throw new Error(`${cloud}: LAB_CLOUDS_SOCKET is not set; the lab's stand-in plugins need it`);
  const { status, body } = await post(socketPath, `/${cloud}/${action}`, JSON.stringify(parameters)).catch((error: Error) => {
    throw new Error(`${cloud}: ${action} did not reach the lab's clouds at ${socketPath} (${error.message}); is the lab up?`, {
      cause: error,
    });
  });
  const answer: unknown = body === "" ? null : JSON.parse(body);
  if (status < 300) return answer as Answer;
  const { code = "InternalError", message = body } = (answer ?? {}) as { code?: string; message?: string };
  throw new CloudRefusal(code, message, status);
}

function post(socketPath: string, path: string, body: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const outgoing = request({ socketPath, path, method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 500, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
