import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabTools } from "./contract";
import { cacheFolder } from "./tools/cache-folder";
import { halfMade } from "./tools/half-made";

type Parts = Pick<LabTools, "k3sVersion" | "standIns">;

/** What `make bench` last measured by hand on this machine. */
export interface Floors {
  /** Day of the measurement, `2026-11-29`. */
  readonly date: string;
  /** Seconds by the names that the bench prints. */
  readonly seconds: Readonly<Record<string, number>>;
}

// Other parts, other times: a stand-in's floor says nothing of the real thing.
const nameFor = ({ k3sVersion, standIns }: Parts): string => `${[k3sVersion, ...[...standIns].sort()].join("-")}.json`;

/** Keeps floors for later runs on this machine, beside those of other figures that were measured with the same parts. */
export function saveFloors(parts: Parts, { date, seconds }: Floors, folder = cacheFolder("floors")): void {
  const file = join(folder, nameFor(parts));
  mkdirSync(folder, { recursive: true });
  const floors: Floors = { date, seconds: { ...readFloors(parts, folder)?.seconds, ...seconds } };
  writeFileSync(halfMade(file), JSON.stringify(floors));
  renameSync(halfMade(file), file);
}

/** The floors that were measured with the same parts; undefined where none were. */
export function readFloors(parts: Parts, folder = cacheFolder("floors")): Floors | undefined {
  const file = join(folder, nameFor(parts));
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Floors) : undefined;
}
