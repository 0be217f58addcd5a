import { type CheckFailure, checkProperties } from "../plugin/check-properties";
import { type Properties, UNKNOWN, type Value, isList, isProperties, textOf } from "../plugin/property-values";
import type { ResourceType } from "../plugin/provider";
import { ResourceInitFailed } from "../plugin/init-failed";
import { type ArmClient, OperationFailed } from "./arm-client";
import { fromArm, toArm } from "./arm-shape";
import { carryChanges } from "./carry-changes";
import { type ResourceSpec, armIdOf, pathInputs } from "./resource-spec";

const ALWAYS_COMPUTED = ["azureApiVersion", "etag", "provisioningState", "type"];

/** A resource of ARM, as pulumi/pulumi-azure-native: provider/pkg/provider/provider.go has it: one PUT makes and changes it. */
export function azureResource(spec: ResourceSpec, client: () => ArmClient, subscription: () => string): ResourceType {
  const outputsOf = (answer: Properties, inputs: Properties): Properties => {
    const flat = spec.path.length === 0 ? answer : (fromArm(answer) as Properties);
    const outputs = { ...Object.fromEntries(Object.entries(flat).filter(([name]) => name !== "id")), azureApiVersion: spec.apiVersion };
    const { maintains } = spec;
    return maintains !== undefined && inputs[maintains] === undefined ? { ...outputs, [maintains]: [] } : outputs;
  };
  const read = async (id: string, inputs: Properties): Promise<Properties> => {
    const answer = await client().get(id);
    if (answer === undefined) throw new Error(`${id} is gone right after it was written`);
    return outputsOf(answer, inputs);
  };
  return {
    check: (inputs) => ({ inputs, failures: [...checkProperties(inputs, spec.type), ...missingNames(spec, inputs)] }),
    diff: (_id, olds, news, changed) => {
      const isReplaced = (name: string): boolean => [...pathInputs(spec), ...spec.replaces].includes(name);
      return Promise.resolve({ replaces: changed.filter(isReplaced), same: sameLocation(olds, news) ? ["location"] : [] });
    },
    create: async (inputs, { preview, cancelled }) => {
      if (preview) return { id: "", outputs: previewOf(spec, inputs) };
      const id = armIdOf(spec, subscription(), (name) => textOf(inputs, name));
      if ((await client().get(id)) !== undefined) throw new Error(`cannot create already existing resource '${id}'`);
      const body = toArm({ ...(spec.maintains === undefined ? {} : { [spec.maintains]: [] }), ...bodyInputs(spec, inputs) });
      try {
        await client().put(id, body, cancelled);
      } catch (error) {
        // crud.go, HandleErrorWithCheckpoint: what there is goes into the state, and the next `up` or `destroy` deals with it.
        if (!(error instanceof OperationFailed)) throw error;
        throw new ResourceInitFailed(id, await read(id, inputs), error.message, inputs);
      }
      return { id, outputs: await read(id, inputs) };
    },
    update: async (id, olds, news, { preview, cancelled }) => {
      if (preview) return { ...previewOf(spec, news), name: olds["name"] ?? UNKNOWN };
      await client().put(id, toArm({ ...(await maintained(spec, client(), id, news)), ...bodyInputs(spec, news) }), cancelled);
      return read(id, news);
    },
    delete: (id, _state, { cancelled }) => client().delete(id, cancelled),
    read: async (id, state, inputs) => {
      const answer = await client().get(id);
      if (answer === undefined) return undefined;
      const outputs = outputsOf(answer, inputs);
      return { outputs, inputs: carryChanges(inputs, state, outputs, Object.keys(spec.type.properties)) };
    },
  };
}

/** Inputs of the path are no part of the body. */
const bodyInputs = (spec: ResourceSpec, inputs: Properties): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !pathInputs(spec).includes(name)));

/** Inner resources that stand on their own, sent back as they are. */
async function maintained({ maintains }: ResourceSpec, client: ArmClient, id: string, news: Properties): Promise<Properties> {
  if (maintains === undefined || news[maintains] !== undefined) return {};
  const answer = await client.get(id);
  const list = answer === undefined ? undefined : (fromArm(answer) as Properties)[maintains];
  return { [maintains]: list ?? [] };
}

/** azure-native makes up names; the stand-in wants them given. */
function missingNames(spec: ResourceSpec, inputs: Properties): CheckFailure[] {
  return pathInputs(spec)
    .filter((name) => inputs[name] === undefined)
    .map((property) => ({ property, reason: `Missing '${property}': this stand-in makes up no names` }));
}

function previewOf(spec: ResourceSpec, inputs: Properties): Properties {
  const nameInput = spec.path.at(-1)?.[1] ?? "resourceGroupName";
  const unknown = Object.fromEntries([...ALWAYS_COMPUTED, ...spec.computed].map((name) => [name, UNKNOWN]));
  const outputs: Properties = { ...unknown, ...bodyInputs(spec, inputs), name: inputs[nameInput] ?? UNKNOWN };
  const [list, fields] = spec.computedItems ?? [];
  const items = list === undefined ? undefined : outputs[list];
  if (list === undefined || !isList(items)) return outputs;
  const complete = (item: Value): Value =>
    isProperties(item) ? { ...Object.fromEntries((fields ?? []).map((field) => [field, UNKNOWN])), ...item } : item;
  return { ...outputs, [list]: items.map(complete) };
}

/** `West Europe` and `westeurope` are one place. */
const sameLocation = (olds: Properties, news: Properties): boolean => normal(textOf(olds, "location")) === normal(textOf(news, "location"));

const normal = (location: string): string => location.replaceAll(" ", "").toLowerCase();
