import sdkTypes, { version } from "sdk-types:command";
import { checkProperties } from "../plugin/check-properties";
import { textOf } from "../plugin/property-values";
import type { ProviderFunction } from "../plugin/provider";
import { serveProvider } from "../plugin/serve-provider";
import { commandResource } from "./command-resource";
import { runLocal } from "./run-local";

const UNSUPPORTED_LOCAL = ["assetPaths", "archivePaths"];

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

// Of the provider's resources the program uses the local one alone: it reaches hosts by a way of its own (src/operator-tools/host/run-script.mjs).
void serveProvider({
  version,
  checkConfig: (config) =>
    Object.keys(config).flatMap((name) => (name === "version" ? [] : [{ property: name, reason: `Unrecognized field '${name}'` }])),
  configure: () => undefined,
  resources: {
    "command:local:Command": commandResource(
      sdkTypes.localCommand,
      (command, inputs, previous, operation) => runLocal(command, inputs, previous, operation),
      UNSUPPORTED_LOCAL,
    ),
  },
  functions: { "command:local:run": localRun },
});
