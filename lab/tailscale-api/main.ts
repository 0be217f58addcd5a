import { chmodSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { handleAdmin } from "./admin-server";
import type { TailscaleApiConfig } from "./api-config";
import { answer } from "./api-routes";
import type { Tailnet } from "./api-routes";
import { AuthKeys } from "./auth-keys";
import { Devices } from "./devices";
import { Faults } from "./faults";
import { HeadscaleClient } from "./headscale-client";
import { publicListener, readBody, send } from "./http-server";
import { PolicyFile } from "./policy-file";
import { responseOf } from "./refusal";
import { RequestLog } from "./request-log";
import { Services } from "./services";
import { StateStore } from "./state-store";
import { UserDirectory } from "./user-directory";

/** Opens the tailnet on a running headscale: its key, its users, its policy. */
async function openTailnet(config: TailscaleApiConfig): Promise<Tailnet> {
  const store = new StateStore(config.stateFile);
  const headscaleApiKey = store.current.headscaleApiKey ?? (await HeadscaleClient.createApiKey(config.headscale));
  store.update({ headscaleApiKey });
  const headscale = new HeadscaleClient(config.headscale, headscaleApiKey);
  const users = new UserDirectory(headscale);
  await users.load();
  const policy = new PolicyFile(store, headscale, users);
  await policy.push();
  const keys = new AuthKeys(store, headscale, users, () => policy.document);
  const services = new Services(store, () => policy.document);
  const devices = new Devices(headscale, config.tailnetDomain, () => policy.document);
  return { store, keys, policy, services, devices, name: config.tailnetDomain };
}

async function main(configFile: string): Promise<void> {
  const config = JSON.parse(readFileSync(configFile, "utf8")) as TailscaleApiConfig;
  const tailnet = await openTailnet(config);
  const faults = new Faults();
  const log = new RequestLog(config.requestLog);

  const certificate = { cert: readFileSync(config.listen.certificateFile), key: readFileSync(config.listen.keyFile) };
  const server = createHttpsServer(
    certificate,
    publicListener({ answer: (request) => answer(tailnet, request), editPolicy: (text) => tailnet.policy.edit(text), faults, log }),
  );
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(config.listen.port, config.listen.address, resolve));

  const adminServer = createHttpServer((incoming, outgoing) => {
    const name = (incoming.url ?? "/").slice(1);
    readBody(incoming)
      .then((body) => handleAdmin(tailnet, faults, log, name, body))
      .then((json) => send(outgoing, { status: 200, json }))
      .catch((error: unknown) => send(outgoing, responseOf(error, { method: "admin", path: `/${name}` })));
  });
  rmSync(config.adminSocket, { force: true });
  await new Promise<void>((resolve, reject) => adminServer.once("error", reject).listen(config.adminSocket, resolve));
  chmodSync(config.adminSocket, 0o600);
  console.log(`serving https://${config.listen.address}:${config.listen.port}, admin on ${config.adminSocket}`);
}

const [configFile] = process.argv.slice(2);
if (configFile === undefined) throw new Error("usage: main.ts CONFIG_FILE");
main(configFile).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
