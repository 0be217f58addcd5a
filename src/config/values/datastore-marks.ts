import { createHash } from "node:crypto";
import { readDatastoreEndpoint } from "./datastore-endpoint";

/**
 * What tells one datastore from another without showing where it is: a mark for each of its hosts, made of kind, host, port and database. User,
 * password and options are in none. Two endpoints with a mark in common lead to one datastore. Empty where the text is no endpoint.
 */
export function datastoreMarks(text: string): readonly string[] {
  const endpoint = readDatastoreEndpoint(text);
  if ("problem" in endpoint) return [];
  const { kind, hosts, database } = endpoint;
  return hosts.map(({ host, port }) => markOf([kind, host.toLowerCase().replace(/\.$/, ""), String(port), database])).sort();
}

function markOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
