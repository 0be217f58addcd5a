import { z } from "zod";

/**
 * What a setting's `meta` may hold: messages, the docs and the schema for editors are made of it.
 * `example` is YAML as one writes it; `remedy` is what to do where the setting is missing and an example does not help.
 */
export interface SettingMeta {
  readonly description: string;
  readonly example: string | number | boolean;
  /** What `example` counts. */
  readonly unit?: string;
  readonly remedy?: string;
  /** The default in words, where it depends on something else. */
  readonly defaultIs?: string;
  /** Values that are known and refused as "not available yet". */
  readonly unavailable?: readonly string[];
}

type More = Omit<SettingMeta, "description" | "example">;
const meta = (description: string, example: SettingMeta["example"], more: More = {}): Readonly<Record<string, unknown>> => ({
  description,
  example,
  ...more,
});

export const text = (description: string, example: string, more?: More) => z.string().meta(meta(description, example, more));
export const texts = (description: string, example: string, more?: More) => z.array(z.string()).meta(meta(description, example, more));
export const whole = (description: string, example: number) => z.int().meta(meta(description, example));
export const wholes = (description: string, example: string) => z.array(z.int()).meta(meta(description, example));
export const dollars = (description: string, example: number) =>
  z.number().meta(meta(description, example, { unit: "US dollars an hour" }));
export const yesNo = (description: string, more?: More) => z.boolean().meta(meta(description, true, more));
export const textMap = (description: string, example: string) => z.record(z.string(), z.string()).meta(meta(description, example));

export const oneOf = <const Values extends readonly string[]>(description: string, values: Values, example: Values[number], more?: More) =>
  z.enum(values).meta(meta(description, example, more));

/** One value in /etc/rancher/k3s/config.yaml. */
const k3sValueSchema = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);
/** Settings of k3s under their own names. */
export const k3sSettings = (description: string) =>
  z.record(z.string(), k3sValueSchema).meta(meta(description, "{disable: [traefik]}")).default({});
export type K3sSettings = z.output<ReturnType<typeof k3sSettings>>;
