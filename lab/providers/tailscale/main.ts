import { randomUUID } from "node:crypto";
import types, { version } from "sdk-types:tailscale";
import { serveProvider } from "../plugin/serve-provider";
import { ApiClient } from "./api-client";
import { wrapped } from "./api-error";
import { minimizeHuJson } from "./hujson";
import { checkConfig, readConfig } from "./provider-config";
import { serviceResource } from "./service";
import { tailnetKeyResource } from "./tailnet-key";

let configured: ApiClient | undefined;

function api(): ApiClient {
  if (configured === undefined) throw new Error("the provider's configuration is not known yet");
  return configured;
}

void serveProvider({
  version,
  checkConfig: (config) => checkConfig(config, types.provider),
  configure: (options) => {
    const config = readConfig(options, process.env);
    const userAgent = typeof options["userAgent"] === "string" ? options["userAgent"] : `pulumi-tailscale/${version}`;
    configured = config && new ApiClient(config.baseUrl, config.tailnet, config.credentials, userAgent);
  },
  resources: {
    "tailscale:index/tailnetKey:TailnetKey": tailnetKeyResource(types.tailnetKey, api),
    "tailscale:index/service:Service": serviceResource(types.service, api),
  },
  functions: {
    "tailscale:index/getAcl:getAcl": {
      check: (args) =>
        Object.keys(args).map((property) => ({ property, reason: `Unrecognized field '${property}' on 'index.GetAclArgs'` })),
      call: async () => {
        const hujson = await wrapped("Failed to fetch ACL", () =>
          api().send({ method: "GET", path: ["acl"], contentType: "application/hujson" }),
        );
        return { id: randomUUID(), hujson, json: minimizeHuJson(hujson) };
      },
    },
  },
});
