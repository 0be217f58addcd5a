export const API_PORT = 6443;
/** Of flannel's vxlan on Linux (flannel-io/flannel: Documentation/backends.md). */
const VXLAN_PORT = 8472;
/** Roles whose people may edit the policy anyhow (https://tailscale.com/kb/1396/targets): owning a tag adds nothing to what they can do. */
export const POLICY_EDITORS = ["autogroup:admin", "autogroup:owner", "autogroup:network-admin"];

/**
 * What one cluster's traffic needs, each rule once: the least that k3s over a tailnet works with (each line was run, and missed where it
 * was left out). Pods reach other nodes under their own node's address, so only the tag needs the node ports; nodes need podCidr
 * themselves, or the control server hands them no pod route. With the integration flannel-iface the tailnet sees no pod at all: what
 * pods send is inside packets from node to node.
 */
export function clusterNeeds({ tag, podCidr, operators, nodePorts, integration }) {
  const pods =
    integration === "flannel-iface"
      ? [{ what: "vxlan between nodes", src: [tag], dst: tag, ports: [VXLAN_PORT], proto: "udp" }]
      : [
          { what: "nodes to pods", src: [tag], dst: podCidr, ports: "*" },
          { what: "pods to pods", src: [podCidr], dst: podCidr, ports: "*" },
        ];
  return [
    { what: "agents to servers", src: [tag], dst: tag, ports: [API_PORT] },
    ...pods,
    ...(nodePorts.length === 0 ? [] : [{ what: "nodes to nodes", src: [tag], dst: tag, ports: nodePorts }]),
    { what: "operators to servers", src: operators, dst: tag, ports: [API_PORT], ofPeople: true },
  ];
}

/**
 * The needs as entries of `acls` or of `grants`: https://tailscale.com/docs/reference/grants-vs-acls. `posture` is what rules from nodes and pods
 * name where the policy's default posture would hold for them; people's devices are to meet that.
 */
export function clusterRules(cluster, form, posture) {
  return clusterNeeds(cluster).map((need) => asRule(need, form, posture));
}

export function asRule({ src, dst, ports, proto, ofPeople }, form, posture) {
  const capability = (port) => (proto ? `${proto}:${port}` : String(port));
  const own = posture !== undefined && !ofPeople && { srcPosture: [posture] };
  if (form === "grants") return { src, ...own, dst: [dst], ip: ports === "*" ? ["*"] : ports.map(capability) };
  return { action: "accept", ...(proto && { proto }), src, ...own, dst: [`${dst}:${ports === "*" ? "*" : ports.join(",")}`] };
}

/**
 * Assertions that the tailnet checks at each later change of its policy: what must be reachable, and of `denied` (destinations by source)
 * what must not. Sources are tags, groups and users, destinations single ports without wildcards or CIDRs:
 * https://tailscale.com/kb/1337/policy-syntax#tests. `attributes` are those of nodes, where postures ask for any.
 */
export function clusterTests({ tag, podCidr, operators, nodePorts, integration }, denied = () => [], attributes = undefined) {
  const test = (src, accept) => {
    const deny = denied(src);
    return { src, ...(attributes && { srcPostureAttrs: attributes }), accept, ...(deny.length > 0 && { deny }) };
  };
  const ports = [...new Set([API_PORT, ...nodePorts])];
  const nodes = ports.map((port) => `${tag}:${port}`);
  const ofNodes =
    integration === "flannel-iface"
      ? [test(tag, nodes), { src: tag, ...(attributes && { srcPostureAttrs: attributes }), proto: "udp", accept: [`${tag}:${VXLAN_PORT}`] }]
      : [test(tag, [...nodes, `${firstPod(podCidr)}:443`])];
  return [...ofNodes, ...operators.map((operator) => test(operator, [`${tag}:${API_PORT}`]))];
}

/** Connections that no rule of the cluster gives, as {src, dst, ports}; whether a rule of others gives one, the live policy tells. */
export function closedConnections({ tag, podCidr, operators, nodePorts, integration }) {
  const ssh = nodePorts.includes(22) ? [] : [{ src: tag, dst: tag, ports: [22] }];
  // Behind the vxlan nodes need no way to pods, and none by which another router's route could draw their packets.
  const pods = integration === "flannel-iface" ? [{ src: tag, dst: firstPod(podCidr), ports: [443] }] : [];
  return [
    ...ssh,
    ...pods,
    ...operators.flatMap((src) => [
      { src, dst: tag, ports: [22] },
      { src, dst: firstPod(podCidr), ports: [443] },
    ]),
  ];
}

function firstPod(podCidr) {
  return podCidr.replace(/\d+\/\d+$/, (end) => String(Number(end.split("/")[0]) + 1));
}
