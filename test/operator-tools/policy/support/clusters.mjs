import { readdirSync, readFileSync } from "node:fs";
import jsonc from "jsonc-parser";

const FOLDER = new URL("../../../fixtures/policies/", import.meta.url);

export const EDGE = {
  name: "edge",
  tag: "tag:k3s-edge",
  tagOwners: ["tag:k3s-admin"],
  podCidr: "10.42.0.0/16",
  operators: ["group:ops"],
  groups: {},
  nodePorts: [10250],
};
export const WEST = { ...EDGE, name: "west", tag: "tag:k3s-west", podCidr: "10.52.0.0/16", nodePorts: [] };

export const FIXTURES = readdirSync(FOLDER).filter((name) => name.endsWith(".hujson"));

export function fixture(name) {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

/** What a policy means, its sections and their parts under their present names. */
export function valueOf(text) {
  const errors = [];
  const value = jsonc.parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new Error(`not HuJSON: ${JSON.stringify(errors)}\n${text}`);
  const names = { groups: "groups", tagowners: "tagOwners", acls: "acls", autoapprovers: "autoApprovers", routes: "routes" };
  const present = (object) => Object.fromEntries(Object.entries(object).map(([key, part]) => [names[key.toLowerCase()] ?? key, part]));
  const policy = present(value);
  return policy.autoApprovers ? { ...policy, autoApprovers: present(policy.autoApprovers) } : policy;
}

export function without(text, pattern) {
  return text
    .split("\n")
    .filter((line) => !pattern.test(line))
    .join("\n");
}
