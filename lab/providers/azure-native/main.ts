import types, { version } from "sdk-types:azure-native";
import { checkProperties } from "../plugin/check-properties";
import { type Properties, textOf } from "../plugin/property-values";
import { serveProvider } from "../plugin/serve-provider";
import { ArmClient } from "./arm-client";
import { fromArm } from "./arm-shape";
import { azureResource } from "./azure-resource";
import { checkConfig, readSubscription } from "./provider-config";
import { RESOURCES, armIdOf } from "./resource-spec";

const SUBNET = "azure-native:network:Subnet";

let configured: string | undefined;
const client = new ArmClient("global");

function subscription(): string {
  if (configured === undefined) throw new Error("the provider's configuration is not known yet");
  return configured;
}

void serveProvider({
  version,
  checkConfig,
  configure: (options) => {
    configured = readSubscription(options, process.env);
  },
  resources: Object.fromEntries(Object.entries(RESOURCES).map(([token, spec]) => [token, azureResource(spec, () => client, subscription)])),
  functions: {
    "azure-native:network:getSubnet": {
      check: (args) => checkProperties(args, types.getSubnet),
      call: async (args) => {
        const { path = [], apiVersion = "" } = RESOURCES[SUBNET] ?? {};
        const id = armIdOf({ path }, subscription(), (name) => textOf(args, name));
        const found = await client.get(id);
        if (found === undefined) throw new Error(`Status=404 Code="NotFound" Message="Resource ${id} not found."`);
        return { ...(fromArm(found) as Properties), azureApiVersion: apiVersion };
      },
    },
  },
});
