import types, { version } from "sdk-types:tls";
import { serveProvider } from "../plugin/serve-provider";
import { privateKeyResource } from "./private-key";

void serveProvider({
  version,
  checkConfig: (config) =>
    Object.keys(config).flatMap((name) =>
      ["version", "pluginDownloadURL"].includes(name) ? [] : [{ property: name, reason: `Unrecognized field '${name}'` }],
    ),
  configure: () => undefined,
  resources: { "tls:index/privateKey:PrivateKey": privateKeyResource(types.privateKey) },
  functions: {},
});
