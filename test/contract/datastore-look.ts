import { readFileSync } from "node:fs";
import path from "node:path";
import { renderDatastoreEnvironment } from "../../src/k3s/datastore-settings";
import type { Server } from "./k3s-servers";

const scripts = path.resolve(__dirname, "../../src/host-scripts");
const libraries = ["lib.sh", "lib-k3s-faults.sh", "lib-k3s-datastore.sh", "lib-k3s-datastore-look.sh"];

/** What install-k3s.sh says of another datastore before it tells k3s of it; empty where k3s may have it. */
export async function lookInto(server: Server, given: { endpoint: string; caPem: string; token: string }): Promise<string> {
  const placed = `/run/hybrid-k3s/${server.name}/datastore`;
  await server.host.writeFile(`${placed}/endpoint.env`, renderDatastoreEnvironment(given.endpoint, ["ca.pem"]), "0600");
  await server.host.writeFile(`${placed}/ca.pem`, given.caPem, "0600");
  await server.host.writeFile("/etc/hybrid-k3s/server-token", given.token, "0600");
  await server.host.writeFile("/etc/hybrid-k3s/datastore-begun", "", "0600");
  const script = [
    `ROLE=server NODE_NAME=${server.name} DATASTORE_FILES="endpoint.env ca.pem" SERVER_TOKEN=/etc/hybrid-k3s/server-token`,
    ...libraries.map((name) => readFileSync(path.join(scripts, name), "utf8")),
    `tailnet_ip() { echo ${server.vpnAddress}; }`,
    "make_scratch",
    "refuse_other_datastore </dev/null",
  ];
  const { code, stderr } = await server.host.run(["sh", "-s"], { input: script.join("\n"), timeoutMs: 150_000 });
  return code === 0 ? "" : stderr;
}
