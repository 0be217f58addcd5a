import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { checkoutRoot } from "./paths";

export type Service = "aws" | "azure" | "tailscale";
/** What each service's credential has to be allowed, in the service's own words. */
export type Permissions = Readonly<Record<Service, readonly string[]>>;

const folder = join(checkoutRoot, "docs/permissions");
const REMEDY = "`make permissions` runs the suites and writes what they saw; review the difference, then `make docs`";

export const eachService = (permissionsOf: (service: Service) => readonly string[]): Permissions => ({
  aws: permissionsOf("aws"),
  azure: permissionsOf("azure"),
  tailscale: permissionsOf("tailscale"),
});

/** The suites of the lab that have a file in docs/permissions: what the program needed in a run of each. The page is made of them all. */
export const recordedSuites = (): readonly string[] =>
  readdirSync(folder)
    .map((file) => file.replace(/\.json$/, ""))
    .sort();

export const readPermissions = (suite: string): Permissions =>
  JSON.parse(readFileSync(join(folder, `${suite}.json`), "utf8")) as Permissions;

/** Of all suites. */
export function readAllPermissions(): Permissions {
  const all = recordedSuites().map(readPermissions);
  return eachService((service) => [...new Set(all.flatMap((one) => one[service]))].sort());
}

export async function writePermissions(suite: string, seen: Permissions): Promise<void> {
  const path = join(folder, `${suite}.json`);
  writeFileSync(path, await format(JSON.stringify(seen), { filepath: path }));
}

/** How a run differs from what is written of its suite. */
export function comparePermissions(suite: string, written: Permissions, seen: Permissions): readonly string[] {
  const page = `docs/permissions/${suite}.json`;
  return [
    ...differences(seen, written, (one) => `${one} was asked for, and ${page} does not list it: ${REMEDY}`),
    ...differences(written, seen, (one) => `${page} lists ${one}, and nothing asked for it: ${REMEDY}`),
  ];
}

/** What a run that is no whole suite needed, and no suite's file lists. */
export const findUnlisted = (seen: Permissions, all: Permissions): readonly string[] =>
  differences(seen, all, (one) => `${one} was asked for, and no file in docs/permissions lists it: ${REMEDY}`);

function differences(these: Permissions, those: Permissions, tell: (one: string) => string): readonly string[] {
  const missing = eachService((service) => these[service].filter((one) => !those[service].includes(one)));
  return Object.entries(missing).flatMap(([service, names]) => names.map((name) => tell(`${service}: ${name}`)));
}
