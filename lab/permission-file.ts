import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { join } from "node:path";
import { checkoutRoot } from "./paths";

export type Service = "aws" | "azure" | "tailscale";
/** What each service's credential has to be allowed, in the service's own words. */
export type Permissions = Readonly<Record<Service, readonly string[]>>;

/** docs/permissions.json: what the lab saw the program need. docs/permissions.md is made of it. */
export interface PermissionFile {
  /** Seen in every run of the burst suite. */
  readonly always: Permissions;
  /** Seen in other suites only: another mode, a fault. */
  readonly sometimes: Permissions;
}

const path = (): string => join(checkoutRoot, "docs/permissions.json");

export const eachService = (permissionsOf: (service: Service) => readonly string[]): Permissions => ({
  aws: permissionsOf("aws"),
  azure: permissionsOf("azure"),
  tailscale: permissionsOf("tailscale"),
});

export const readPermissionFile = (): PermissionFile => JSON.parse(readFileSync(path(), "utf8")) as PermissionFile;

export async function writePermissionFile(file: PermissionFile): Promise<void> {
  writeFileSync(path(), await format(JSON.stringify(file), { filepath: path(), printWidth: 140 }));
}

/** The file after a run: of the suite that sees everything, or of another one. */
export function afterRun(file: PermissionFile, seen: Permissions, isWhole: boolean): PermissionFile {
  const always = isWhole ? seen : file.always;
  const others = (service: Service) => [...(isWhole ? [] : seen[service]), ...file.sometimes[service]];
  return { always, sometimes: eachService((service) => sortedWithout(others(service), always[service])) };
}

export function sortedWithout(all: readonly string[], known: readonly string[]): readonly string[] {
  return [...new Set(all)].filter((one) => !known.includes(one)).sort();
}
