import { createServer } from "node:http";
import type { Namespaces } from "../../../hosts/namespaces";
import type { CloudName, MachineSpec } from "../../contract";
import { AwsMetadata } from "./aws-metadata";
import { answerAzure } from "./azure-metadata";
import { listenInNetns } from "./listen-in-netns";
import { METADATA_ADDRESS, WIRE_SERVER } from "./metadata-address";
import type { MetadataRequest, MetadataResponse } from "./metadata-types";

type Answer = (machine: MachineSpec, request: MetadataRequest) => MetadataResponse;

function answerOf(cloud: CloudName): Answer {
  switch (cloud) {
    case "aws": {
      const aws = new AwsMetadata();
      return (machine, request) => aws.answer(machine, request);
    }
    case "azure":
      return answerAzure;
  }
}

/** Serves a cloud's metadata where its machines look for it; a machine is known by its address, which the router lets nobody else use. */
export async function serveMetadata(
  namespaces: Namespaces,
  cloud: CloudName,
  findMachine: (address: string) => MachineSpec | undefined,
): Promise<void> {
  const answer = answerOf(cloud);
  const http = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", `http://${METADATA_ADDRESS}`);
    const machine = findMachine(incoming.socket.remoteAddress ?? "");
    const request = { method: incoming.method ?? "GET", path: url.pathname, query: url.searchParams, headers: incoming.headers };
    const response = machine === undefined ? { status: 404, body: "" } : answer(machine, request);
    outgoing.writeHead(response.status, { "content-type": response.type ?? "text/plain", ...response.headers });
    outgoing.end(response.body);
  });
  const server = await listenInNetns(namespaces, { netns: cloud, address: METADATA_ADDRESS, port: 80 });
  server.on("connection", (socket) => http.emit("connection", socket));
}

/** As much of Azure's host as says that it is there: which versions it speaks (Azure/WALinuxAgent: azurelinuxagent/common/protocol/wire.py). */
export async function serveWireServer(namespaces: Namespaces): Promise<void> {
  const versions = "<Versions><Preferred><Version>2015-04-05</Version></Preferred></Versions>";
  const http = createServer(({ url }, outgoing) => {
    const isKnown = url === "/?comp=versions" || url === "/versions";
    outgoing.writeHead(isKnown ? 200 : 404, { "content-type": "text/xml" }).end(isKnown ? versions : "");
  });
  for (const port of WIRE_SERVER.ports) {
    const server = await listenInNetns(namespaces, { netns: "azure", address: WIRE_SERVER.address, port });
    server.on("connection", (socket) => http.emit("connection", socket));
  }
}
