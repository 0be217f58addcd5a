import { parseCidr } from "../../clouds/aws/cidr";
import type { CheckFailure } from "../plugin/check-properties";
import { type Properties, UNKNOWN, type Value } from "../plugin/property-values";

export type Rule = (inputs: Properties) => readonly CheckFailure[];

export const allOf =
  (...rules: readonly Rule[]): Rule =>
  (inputs) =>
    rules.flatMap((rule) => rule(inputs));

/** Schema's ConflictsWith. */
export const conflict =
  (one: string, ...others: readonly string[]): Rule =>
  (inputs) =>
    others
      .filter((other) => inputs[one] !== undefined && inputs[other] !== undefined)
      .map((other) => ({ property: one, reason: `Conflicting configuration arguments: "${one}": conflicts with ${other}` }));

/** Schema's AtLeastOneOf. */
export const oneOf =
  (...names: readonly string[]): Rule =>
  (inputs) =>
    names.some((name) => inputs[name] !== undefined)
      ? []
      : [{ property: names[0] ?? "", reason: `Missing required argument: one of \`${names.join(",")}\` must be specified` }];

export function expectIn(property: string, value: Value | undefined, allowed: readonly string[]): readonly CheckFailure[] {
  if (value === undefined || value === UNKNOWN || allowed.some((one) => one === value)) return [];
  return [{ property, reason: `expected ${property} to be one of ${JSON.stringify(allowed)}, got ${JSON.stringify(value)}` }];
}

/** Schema's IsCIDRNetwork. */
export const cidr =
  (name: string, shortest = 0, longest = 32): Rule =>
  ({ [name]: value }) => {
    if (typeof value !== "string" || value === UNKNOWN) return [];
    const block = parseCidr(value);
    if (block === undefined) return [{ property: name, reason: `"${value}" is not a valid CIDR block` }];
    if (block.prefix >= shortest && block.prefix <= longest) return [];
    const bits = `between ${shortest} and ${longest} significant bits, got: ${block.prefix}`;
    return [{ property: name, reason: `expected "${name}" to contain a network Value with ${bits}` }];
  };

/** Inputs of the real resource that this stand-in has nothing behind. */
export const unsupported =
  (...names: readonly string[]): Rule =>
  (inputs) =>
    names
      .filter((name) => inputs[name] !== undefined)
      .map((property) => ({ property, reason: `'${property}' is not available in this stand-in for the aws provider` }));
