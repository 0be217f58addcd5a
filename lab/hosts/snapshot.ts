import { readFileSync } from "node:fs";
import { hostScript } from "../paths";
import type { LabHost } from "./host";
import { waitUntil } from "./wait-until";
import { snapshotExceptions } from "./snapshot-exceptions";

/** What a host looked like: facts as SECTION<tab>FACT, each once. */
export interface Snapshot {
  readonly host: string;
  readonly facts: ReadonlySet<string>;
}

/** Looks at a host from outside; changes nothing on it. */
export async function takeSnapshot(host: LabHost): Promise<Snapshot> {
  // An address that the kernel is still trying out (IPv6, RFC 4862) is not yet in the routes.
  await waitUntil(`the addresses of ${host.name} settle`, async () => (await host.exec("ip -o address show tentative")) === "", {
    timeoutMs: 10_000,
  });
  const text = await host.exec(readFileSync(hostScript("snapshot-host.sh"), "utf8"), { timeoutMs: 60_000 });
  return { host: host.name, facts: new Set(text.split("\n").filter(Boolean)) };
}

const isExcepted = (fact: string): boolean => snapshotExceptions.some(({ line }) => line.test(fact));

/** What is there now and was not (+), and what was there and is not (-); empty where the host looks as before. */
export function diffSnapshots(before: Snapshot, after: Snapshot): readonly string[] {
  const gone = [...before.facts].filter((fact) => !after.facts.has(fact)).map((fact) => `- ${fact}`);
  const come = [...after.facts].filter((fact) => !before.facts.has(fact)).map((fact) => `+ ${fact}`);
  return [...gone, ...come].filter((line) => !isExcepted(line.slice(2)));
}
