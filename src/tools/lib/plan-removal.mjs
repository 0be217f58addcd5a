/**
 * What the first server must do before nodes leave that are no longer listed, from the last list and this one. A node is {name, pool,
 * removeData, drainPolicy, member}: the last is the id of the resource that removes it. `pools` holds removeData and drainPolicy of each pool
 * that the config still has; `before` is {nodes, pools, left}.
 *
 * `left` is what the next run must know of nodes that were taken out: their removal may have been cut off, and they may come back.
 */
export function planRemoval(before, { nodes, pools }) {
  const listed = new Map(nodes.map(({ name, member }) => [name, member]));
  const lost = before.nodes.filter(({ name }) => !listed.has(name));
  const earlier = before.left ?? [];
  // One alone is asked for its data and cordoned by its own removal, which costs no session more.
  const cordon = lost.length > 1 ? lost : [];
  const wanted = ({ pool, removeData, drainPolicy }) => pools[pool] ?? { removeData, drainPolicy };
  return {
    keepData: cordon.filter((node) => !wanted(node).removeData),
    cordon: namesOf(cordon),
    // Not what was removed and is made again: its Node is another, and every burst would cost a session.
    uncordon: namesOf(earlier.filter(({ name, member }) => listed.get(name) === member)),
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

/** Lines `NODE KEY=VALUE` for what is to be another than a node's removal knows. */
function settingsOf(name, { removeData, drainPolicy }, known) {
  return [
    ...(removeData === known.removeData ? [] : [`${name} remove-data=${removeData}`]),
    ...(drainPolicy === known.drainPolicy ? [] : [`${name} drain-policy=${drainPolicy}`]),
  ];
}

const namesOf = (nodes) => nodes.map(({ name }) => name);
