import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Answered } from "./api-routes";
import { faultAnswer } from "./faults";
import type { Fault, Faults } from "./faults";
import type { ApiRequest, ApiResponse } from "./http-types";
import type { RequestLog } from "./request-log";

const BASE = "/api/v2";
const LARGEST_BODY = 4 * 1024 * 1024;

export interface PublicSide {
  readonly answer: (request: ApiRequest) => Promise<Answered>;
  /** Saves the policy file as somebody else; for the faults. */
  readonly editPolicy: (text: string) => Promise<void>;
  readonly faults: Faults;
  readonly log: RequestLog;
}

/** The listener of the public side: base path, faults, error form, log. */
export function publicListener(side: PublicSide) {
  return (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const started = Date.now();
    const url = new URL(incoming.url ?? "/", "https://lab.invalid");
    const method = incoming.method ?? "GET";
    const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : url.pathname;
    const fault = side.faults.take(method, path);
    const work = async (): Promise<void> => {
      if (fault?.delayMs !== undefined) await delay(fault.delayMs);
      const body = await readBody(incoming);
      const { response, actor, scopes } = await act(
        side,
        { method, path, query: url.searchParams, headers: incoming.headers, body },
        fault,
      );
      const isAnswered = fault?.drop === undefined && fault?.hang === undefined;
      side.log.add({
        time: new Date(started).toISOString(),
        method,
        path,
        status: isAnswered ? response.status : 0,
        actor,
        scopes,
        ms: Date.now() - started,
      });
      if (fault?.drop !== undefined) incoming.socket.destroy();
      else if (isAnswered) send(outgoing, response);
    };
    work().catch((error: unknown) => {
      console.error(`${method} ${path}:`, error);
      outgoing.destroy();
    });
  };
}

async function act({ answer, editPolicy }: PublicSide, request: ApiRequest, fault: Fault | undefined): Promise<Answered> {
  if (fault?.status !== undefined)
    return { response: faultAnswer({ ...fault, status: fault.status }, request.path), actor: "fault", scopes: [] };
  if (fault?.drop === "before" || fault?.hang === "before") return { response: { status: 0 }, actor: "fault", scopes: [] };
  if (fault?.overtakenBy !== undefined) await editPolicy(fault.overtakenBy);
  return await answer(request);
}

export function send(outgoing: ServerResponse, response: ApiResponse): void {
  const content = response.text?.content ?? JSON.stringify(response.json ?? null);
  outgoing.writeHead(response.status, {
    "content-type": response.text?.type ?? "application/json",
    "content-length": Buffer.byteLength(content),
    ...response.headers,
  });
  outgoing.end(content);
}

export async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new Error("request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
