import { checkProperties, type CheckFailure } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, type Value, isList, isProperties, textOf } from "../plugin/property-values";
import type { CheckContext, Operation, ResourceType } from "../plugin/provider";
import { Ec2 } from "./ec2";
import { tagSpecifications, updateTags } from "./tags";
import type { Wait } from "./wait";

export interface Task {
  readonly ec2: Ec2;
  readonly inputs: Properties;
  readonly operation: Operation;
  readonly wait: Wait;
  /** Tags for a creation, as the API takes them. */
  readonly tagsFor: (kind: string) => Properties;
}

export interface Change extends Task {
  readonly id: string;
  readonly olds: Properties;
  readonly changed: readonly string[];
}

/** A resource of the AWS provider as its Terraform schema and functions have it. */
export interface AwsResource {
  readonly type: ObjectType;
  /** Inputs with ForceNew. */
  readonly replaces: readonly string[];
  /** Inputs whose order means nothing. */
  readonly sets?: readonly string[];
  /** Inputs that a refresh reads back, so that the next up puts right what was changed elsewhere. */
  readonly drifts?: readonly string[];
  /** Outputs that are known once it exists, besides `region` and `tagsAll`. */
  readonly computed: readonly string[];
  readonly defaults?: Properties;
  readonly limitMs?: number;
  check?(inputs: Properties): readonly CheckFailure[];
  /** Inputs that the user may leave out and the engine's bridge fills in, such as a name. */
  fill?(inputs: Properties, context: CheckContext): Properties;
  alsoReplaces?(olds: Properties, news: Properties): readonly string[];
  create(task: Task): Promise<string>;
  /** Undefined where it is gone. */
  read(id: string, ec2: Ec2, state: Properties): Promise<Properties | undefined>;
  /** Tags are done already. */
  update?(change: Change): Promise<void>;
  delete(id: string, task: Task): Promise<void>;
}

/** Two minutes suffice in the lab; the provider's own limits are longer. */
const LIMIT_MS = 120_000;

export function resourceType(resource: AwsResource, defaultRegion: () => string): ResourceType {
  const isTagged = "tags" in resource.type.properties;
  const ec2For = (properties: Properties): Ec2 => new Ec2(textOf(properties, "region") || defaultRegion());
  const task = (inputs: Properties, operation: Operation, region: Properties = inputs): Task => ({
    ec2: ec2For(region),
    inputs,
    operation,
    wait: { limitMs: resource.limitMs ?? LIMIT_MS, cancelled: operation.cancelled },
    tagsFor: (kind) => tagSpecifications(kind, inputs["tags"]),
  });
  const settled = (inputs: Properties): Properties => ({
    ...resource.defaults,
    ...inputs,
    ...(isTagged ? { tagsAll: inputs["tags"] ?? {} } : {}),
    region: textOf(inputs, "region") || defaultRegion(),
  });
  const readBack = async (id: string, ec2: Ec2, state: Properties): Promise<Properties> => {
    const found = await resource.read(id, ec2, state);
    if (found === undefined) throw new Error(`reading ${resource.type.name} (${id}): couldn't find resource`);
    return { ...state, ...found };
  };
  return {
    check: (given, context) => {
      const inputs = resource.fill?.(given, context) ?? given;
      const failures = checkProperties(inputs, resource.type);
      return { inputs, failures: failures.length > 0 ? failures : [...(resource.check?.(inputs) ?? [])] };
    },
    diff: (_id, olds, news, changed) => {
      const same = (resource.sets ?? []).filter((name) => sorted(olds[name]) === sorted(news[name]));
      const replaces = [...resource.replaces, "region", ...(resource.alsoReplaces?.(olds, news) ?? [])];
      return Promise.resolve({ replaces: changed.filter((name) => replaces.includes(name) && !same.includes(name)), same });
    },
    create: async (inputs, operation) => {
      if (operation.preview) {
        const unknown = Object.fromEntries(resource.computed.map((name) => [name, UNKNOWN]));
        return { id: "", outputs: { ...unknown, ...settled(inputs) } };
      }
      const id = await resource.create(task(inputs, operation));
      return { id, outputs: await readBack(id, ec2For(inputs), settled(inputs)) };
    },
    update: async (id, olds, news, operation) => {
      const computed = Object.fromEntries(resource.computed.flatMap((name) => (olds[name] === undefined ? [] : [[name, olds[name]]])));
      const state = { ...computed, ...settled(news) };
      if (operation.preview) return state;
      const changed = Object.keys(resource.type.properties).filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(state[name]));
      const doing = task(news, operation);
      if (isTagged) await updateTags(doing.ec2, id, olds["tags"], news["tags"]);
      await resource.update?.({ ...doing, id, olds, changed: changed.filter((name) => name !== "tags") });
      return readBack(id, doing.ec2, state);
    },
    delete: (id, state, operation) => resource.delete(id, task(state, operation)),
    read: async (id, state, inputs) => {
      const found = await resource.read(id, ec2For(state), state);
      if (found === undefined) return undefined;
      const outputs = { ...state, ...found };
      const drifted = [...(resource.drifts ?? []), ...(isTagged ? ["tags"] : [])]
        .filter((name) => inputs[name] !== undefined && sorted(found[name]) !== sorted(state[name]))
        .map((name): [string, Value] => [name, asInput(inputs[name], found[name] ?? (name === "tags" ? {} : []), name === "tags")]);
      return { outputs, inputs: { ...inputs, ...Object.fromEntries(drifted) } };
    },
  };
}

/** Of a structure the inputs that the program gave, and no others, follow what is there; maps such as tags do as a whole. */
function asInput(given: Value | undefined, found: Value, isMap: boolean): Value {
  if (isMap || !isProperties(given) || !isProperties(found)) return found;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, found[name] ?? value]));
}

const sorted = (value: Value | undefined): string =>
  isList(value)
    ? value
        .map((item) => JSON.stringify(sortedKeys(item)))
        .sort()
        .join()
    : JSON.stringify(sortedKeys(value));

const sortedKeys = (value: Value | undefined): unknown =>
  isProperties(value) ? Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)) : (value ?? []);
