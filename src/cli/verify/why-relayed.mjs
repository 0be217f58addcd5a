/** @import { Path } from "./judge.mjs" */
/** @import { Sighting } from "./sightings.mjs" */

/**
 * What `tailscale netcheck` finds out about a host's way into the internet; absent where it did not say.
 * @typedef {{ readonly hasUdp?: boolean | undefined; readonly isHard?: boolean | undefined }} Nat isHard: its NAT gives another port for each receiver, so that nobody can be told where it is
 */

/** @type {(sightings: readonly Sighting[]) => Nat} */
export function readNat(sightings) {
  const text = sightings.find(({ check }) => check === "netcheck")?.text ?? "";
  const fact = (/** @type {string} */ name) => ({ true: true, false: false })[new RegExp(`"${name}":(true|false)`).exec(text)?.[1] ?? ""];
  return { hasUdp: fact("UDP"), isHard: fact("MappingVariesByDestIP") };
}

/**
 * Why a path goes over a relay, and what would make it direct.
 * @type {(path: Pick<Path, "from" | "to">, nats: ReadonlyMap<string, Nat>) => string}
 */
export function whyRelayed({ from, to }, nats) {
  const mute = [from, to].filter((name) => nats.get(name)?.hasUdp === false);
  if (mute.length > 0) return `${mute.join(" and ")} ${mute.length === 1 ? "gets" : "get"} no UDP out: let UDP pass there, to anywhere`;
  const hard = [from, to].filter((name) => nats.get(name)?.isHard === true);
  if (hard.length === 2)
    return `both ends are behind a hard NAT: open UDP 41641 at one of them, or make a node with a public address a peer relay`;
  if (hard.length === 1)
    return `${hard[0]} is behind a hard NAT, and a firewall of the other end lets nobody in: open UDP 41641 at ${hard[0] === from ? to : from}`;
  return "a firewall between the two drops their UDP, or the path had no time to settle: open UDP 41641 at one end, and look again";
}
