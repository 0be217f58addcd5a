import types, { version } from "sdk-types:azure-native";
import { checkProperties } from "../plugin/check-properties";
import { type Properties, textOf } from "../plugin/property-values";
import type { ObjectType } from "../plugin/property-types";
import type { ProviderFunction } from "../plugin/provider";
import { serveProvider } from "../plugin/serve-provider";
import { ArmClient } from "./arm-client";
import { fromArm } from "./arm-shape";
import { azureResource } from "./azure-resource";
import { checkConfig, readSubscription } from "./provider-config";
import { RESOURCES, armIdOf } from "./resource-spec";

let configured: string | undefined;
const client = new ArmClient("global");

function subscription(): string {
  if (configured === undefined) throw new Error("the provider's configuration is not known yet");
  return configured;
}

/** The function `get...` of a resource: a GET of what its arguments name. */
function lookUp(token: string, argsType: ObjectType): ProviderFunction {
  const { path = [], apiVersion = "" } = RESOURCES[token] ?? {};
  return {
    check: (args) => checkProperties(args, argsType),
    call: async (args) => {
      const id = armIdOf({ path }, subscription(), (name) => textOf(args, name));
      const found = await client.get(id, textOf(args, "expand"));
      if (found === undefined) throw new Error(`Status=404 Code="NotFound" Message="Resource ${id} not found."`);
      return { ...(fromArm(found) as Properties), azureApiVersion: apiVersion };
    },
  };
}

void serveProvider({
  version,
  checkConfig,
  configure: (options) => {
    configured = readSubscription(options, process.env);
  },
  resources: Object.fromEntries(Object.entries(RESOURCES).map(([token, spec]) => [token, azureResource(spec, () => client, subscription)])),
  functions: {
    "azure-native:network:getSubnet": lookUp("azure-native:network:Subnet", types.getSubnet),
    "azure-native:compute:getVirtualMachine": lookUp("azure-native:compute:VirtualMachine", types.getVirtualMachine),
  },
});
