import sdkTypes, { version } from "sdk-types:command";
import { checkProperties } from "../plugin/check-properties";
import { type Properties, isProperties, textOf } from "../plugin/property-values";
import type { ProviderFunction } from "../plugin/provider";
import { serveProvider } from "../plugin/serve-provider";
import { commandResource } from "./command-resource";
import { runLocal } from "./run-local";
import { type RemoteInputs, runRemote } from "./run-remote";

/** The defaults of provider/pkg/provider/remote/connection.go. */
const CONNECTION_DEFAULTS = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

const UNSUPPORTED_LOCAL = ["assetPaths", "archivePaths"];

function completeConnection(inputs: Properties): Properties {
  const { connection } = inputs;
  if (!isProperties(connection)) return inputs;
  const { proxy } = connection;
  const completeProxy = isProperties(proxy) ? { proxy: { ...CONNECTION_DEFAULTS, ...proxy } } : {};
  return { ...inputs, connection: { ...CONNECTION_DEFAULTS, ...connection, ...completeProxy } };
}

const localRun: ProviderFunction = {
  check: (args) => [
    ...checkProperties(args, sdkTypes.localRun),
    ...UNSUPPORTED_LOCAL.filter((name) => args[name] !== undefined).map((property) => ({
      property,
      reason: "not available in this stand-in",
    })),
  ],
  call: async (args, operation) => ({
    ...args,
    ...(await runLocal(textOf(args, "command"), args, {}, operation)),
  }),
};

void serveProvider({
  version,
  checkConfig: (config) =>
    Object.keys(config).flatMap((name) => (name === "version" ? [] : [{ property: name, reason: `Unrecognized field '${name}'` }])),
  configure: () => undefined,
  resources: {
    "command:local:Command": commandResource(
      sdkTypes.localCommand,
      (command, inputs, previous, operation) => runLocal(command, inputs, previous, operation),
      (inputs) => inputs,
      UNSUPPORTED_LOCAL,
    ),
    "command:remote:Command": commandResource(
      sdkTypes.remoteCommand,
      (command, inputs, previous, operation) => runRemote(command, inputs as unknown as RemoteInputs, previous, operation),
      completeConnection,
      [],
    ),
  },
  functions: { "command:local:run": localRun },
});
