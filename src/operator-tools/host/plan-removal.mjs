/**
 * What a removal of its own knows of a node.
 * @typedef {object} RosterNode
 * @property {string} name
 * @property {string} pool
 * @property {boolean} removeData
 * @property {string} drainPolicy
 * @property {string} drain The id of the resource that removes it.
 */
/** @typedef {{ readonly removeData: boolean; readonly drainPolicy: string }} Removal */
/** @typedef {{ readonly nodes: readonly RosterNode[]; readonly pools: Readonly<Record<string, Removal>> }} Roster `pools`: those that the config still has */
/**
 * @typedef {object} RemovalSteps
 * @property {RosterNode[]} keepData Nodes that must not hold data.
 * @property {string[]} cordon
 * @property {string[]} uncordon
 * @property {string[]} annotate Lines `NODE KEY=VALUE`.
 * @property {RosterNode[]} left What the next run must know of nodes that were taken out: their removal may have been cut off, and they may come back.
 */

/**
 * What the first server must do before nodes leave that are no longer listed, from the last list and this one.
 * @type {(before: Roster & { readonly left?: readonly RosterNode[] | undefined }, now: Roster) => RemovalSteps}
 */
export function planRemoval(before, { nodes, pools }) {
  const listed = new Map(nodes.map(({ name, drain }) => [name, drain]));
  const lost = before.nodes.filter(({ name }) => !listed.has(name));
  const earlier = before.left ?? [];
  // One alone is asked for its data and cordoned by its own removal, which costs no session more.
  const cordon = lost.length > 1 ? lost : [];
  /** @type {(node: RosterNode) => Removal} */
  const wanted = ({ pool, removeData, drainPolicy }) => pools[pool] ?? { removeData, drainPolicy };
  return {
    keepData: cordon.filter((node) => !wanted(node).removeData),
    cordon: namesOf(cordon),
    // Not what was removed and is made again: its Node is another, and every burst would cost a session.
    uncordon: namesOf(earlier.filter(({ name, drain }) => listed.get(name) === drain)),
    annotate: [
      // What a removed node's own removal knows is what its pool said when it was last part of a run.
      ...lost.flatMap((node) => settingsOf(node.name, wanted(node), node)),
      ...earlier
        .filter(({ name }) => !listed.has(name))
        .flatMap((node) => settingsOf(node.name, wanted(node), before.pools[node.pool] ?? node)),
    ],
    left: [...earlier.filter(({ name }) => !listed.has(name) && !lost.some((node) => node.name === name)), ...lost],
  };
}

/**
 * Lines `NODE KEY=VALUE` for what is to be another than a node's removal knows.
 * @type {(name: string, wanted: Removal, known: Removal) => string[]}
 */
function settingsOf(name, { removeData, drainPolicy }, known) {
  return [
    ...(removeData === known.removeData ? [] : [`${name} remove-data=${removeData}`]),
    ...(drainPolicy === known.drainPolicy ? [] : [`${name} drain-policy=${drainPolicy}`]),
  ];
}

/** @type {(nodes: readonly RosterNode[]) => string[]} */
const namesOf = (nodes) => nodes.map(({ name }) => name);
