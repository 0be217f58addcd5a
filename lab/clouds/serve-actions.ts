import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { CloudAction, CloudRequest } from "./contract";
import { CloudError } from "./contract";

/** Actions by the path that they are posted to, such as `/aws/RunInstances`. */
export type ActionsByPath = Readonly<Record<string, CloudAction>>;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function readJson(incoming: IncomingMessage): Promise<CloudRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return JSON.parse(text === "" ? "{}" : text) as CloudRequest;
}

/** Marks a call as one of the lab's tests and not of a provider. */
export const OPERATOR_HEADER = "lab-operator";

/** Told of each call of a provider before it is answered. */
export type Observer = (path: string, request: CloudRequest) => void;

async function answer(actions: ActionsByPath, observe: Observer, incoming: IncomingMessage): Promise<Answer> {
  const path = incoming.url ?? "/";
  if (path === "/ready") return { status: 200, body: {} };
  const action = actions[path];
  if (action === undefined) throw new CloudError("InvalidAction", `The action ${path} is not valid for this web service.`);
  const request = await readJson(incoming);
  if (incoming.headers[OPERATOR_HEADER] === undefined) observe(path, request);
  return { status: 200, body: (await action(request)) ?? null };
}

function refusal(error: unknown, path: string): Answer {
  if (error instanceof CloudError) return { status: error.status, body: { code: error.code, message: error.message } };
  console.error(`${path}:`, error);
  return { status: 500, body: { code: "InternalError", message: error instanceof Error ? error.message : String(error) } };
}

function send(outgoing: ServerResponse, { status, body }: Answer): void {
  const content = JSON.stringify(body);
  outgoing.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(content) });
  outgoing.end(content);
}

/** Serves actions on a unix socket; resolves once it listens. */
export async function serveActions(socket: string, actions: ActionsByPath, observe: Observer = () => undefined): Promise<void> {
  const server = createServer((incoming, outgoing) => {
    answer(actions, observe, incoming)
      .catch((error: unknown) => refusal(error, incoming.url ?? ""))
      .then((result) => send(outgoing, result))
      .catch((error: unknown) => console.error(error));
  });
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socket, resolve));
  chmodSync(socket, 0o600);
}
