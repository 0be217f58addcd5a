/** From here on not every pair is looked at. */
export const MOST_WHOLE = 30;
/** How many others a node of a larger cluster looks at, beside those that stand for a site. */
export const OTHERS = 5;

/**
 * Whom each node looks at. Up to MOST_WHOLE nodes: everybody. Beyond: OTHERS each, spread over the whole cluster, and between any two sites one pair
 * each way, with other nodes for other sites. The same nodes always give the same pairs.
 * @template {{ readonly name: string; readonly site: string }} N
 * @param {readonly N[]} nodes
 * @returns {Map<string, N[]>} By the name of who looks.
 */
export function peersOf(nodes) {
  if (nodes.length <= MOST_WHOLE) return new Map(nodes.map((node) => [node.name, nodes.filter((other) => other !== node)]));
  /** @type {Map<string, Set<N>>} */
  const chosen = new Map(nodes.map(({ name }) => [name, new Set()]));
  nodes.forEach((node, index) => {
    for (let turn = 1; turn <= OTHERS; turn += 1)
      add(chosen, node, nodes[(index + Math.ceil((turn * nodes.length) / (OTHERS + 1))) % nodes.length]);
  });
  const sites = [...Map.groupBy(nodes, ({ site }) => site).values()];
  sites.forEach((from, fromIndex) => {
    sites.forEach((to, toIndex) => {
      if (from !== to) add(chosen, from[toIndex % from.length], to[fromIndex % to.length]);
    });
  });
  return new Map([...chosen].map(([name, peers]) => [name, [...peers]]));
}

/**
 * @template {{ readonly name: string }} N
 * @param {Map<string, Set<N>>} chosen
 * @param {N | undefined} from
 * @param {N | undefined} to
 */
function add(chosen, from, to) {
  if (from !== undefined && to !== undefined && from !== to) chosen.get(from.name)?.add(to);
}
