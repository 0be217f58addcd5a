const { API_PORT, ETCD_PORTS, VXLAN_PORT } = require("../../catalog/ports.cjs");

/** Roles whose people may edit the policy anyhow (https://tailscale.com/kb/1396/targets): owning a tag adds nothing to what they can do. */
const POLICY_EDITORS = ["autogroup:admin", "autogroup:owner", "autogroup:network-admin"];

/**
 * The part of a cluster that its traffic depends on.
 * @typedef {object} ClusterTraffic
 * @property {string} tag The tag of its nodes.
 * @property {string | undefined} [serverTag] Second tag of its servers, where there are several that keep the data in etcd: see serverTagOf.
 * @property {string} podCidr
 * @property {readonly string[]} operators Who reaches its API server.
 * @property {readonly number[]} nodePorts Ports of nodes that other nodes need.
 * @property {string | undefined} [service] The Tailscale Service in front of its API servers, `svc:` included.
 * @property {"k3s" | "routes" | "flannel-iface" | undefined} [integration] `flannel-iface`: pods cross in vxlan, and the policy speaks of nodes alone. Default: `k3s`, and `routes` is the same here.
 */
/**
 * One cluster as a tailnet's policy sees it.
 * @typedef {object} PolicyIdentity
 * @property {string} name Marks its entries.
 * @property {string | undefined} [stack] `<project>/<stack>`: stands in the marks of its lines, as in the hosts' markers.
 * @property {readonly string[]} tagOwners
 * @property {"none" | "strict" | undefined} [policyTests] What `merge` adds to the policy's `tests`. Absent: what the cluster needs. `strict`: also what no rule may give.
 * @property {Readonly<Record<string, readonly string[]>> | undefined} [groups] Of the stack's config; never written, only compared with the live policy's.
 * @property {PolicyTraits | undefined} [traits] Where the control server is not Tailscale's.
 */
/** @typedef {ClusterTraffic & PolicyIdentity} PolicyCluster */
/**
 * What a control server makes of a policy.
 * @typedef {object} PolicyTraits
 * @property {string} server Its name and release, for messages.
 * @property {readonly string[]} sections The sections that it enforces.
 * @property {boolean} knowsMembers Whether its rules may speak of autogroup:member.
 * @property {boolean} openWithoutRules Whether a policy without rules allows everything.
 * @property {boolean} testsBeforeDevices Whether a policy's `tests` may speak of tags and groups that no device has yet, as at the first `up`.
 */

/**
 * One kind of traffic that a cluster cannot do without.
 * @typedef {object} Need
 * @property {string} what For people.
 * @property {readonly string[]} src
 * @property {string} dst
 * @property {readonly number[] | "*"} ports
 * @property {"tcp" | "udp"} [proto] Default: all.
 * @property {true} [ofPeople] It comes from people's devices, not from nodes or pods.
 * @property {"grants"} [form] The only one that can say it. Default: either.
 */
/** @typedef {{ action: "accept"; proto?: "tcp" | "udp"; src: readonly string[]; srcPosture?: string[]; dst: string[] }} AclRule */
/** @typedef {{ src: readonly string[]; srcPosture?: string[]; dst: string[]; ip: string[] }} GrantRule */
/** @typedef {"acls" | "grants"} RuleForm */
/** @typedef {{ src: string; srcPostureAttrs?: Readonly<Record<string, string>>; proto?: "udp"; accept: string[]; deny?: string[] }} PolicyTest */
/** @typedef {{ src: string; dst: string; ports: readonly number[] | "*"; proto?: "tcp" | "udp" }} Connection */

/**
 * What one cluster's traffic needs, each rule once: the least that k3s over a tailnet works with (each line was run, and missed where it
 * was left out). Pods reach other nodes under their own node's address, so only the tag needs the node ports; nodes need podCidr
 * themselves, or the control server hands them no pod route. With the integration flannel-iface the tailnet sees no pod at all: what
 * pods send is inside packets from node to node.
 * @type {(cluster: ClusterTraffic) => Need[]}
 */
function clusterNeeds({ tag, serverTag, podCidr, operators, nodePorts, service, integration }) {
  /** @type {Need[]} */
  const pods =
    integration === "flannel-iface"
      ? [{ what: "vxlan between nodes", src: [tag], dst: tag, ports: [VXLAN_PORT], proto: "udp" }]
      : [
          { what: "nodes to pods", src: [tag], dst: podCidr, ports: "*" },
          { what: "pods to pods", src: [podCidr], dst: podCidr, ports: "*" },
        ];
  return [
    { what: "agents to servers", src: [tag], dst: tag, ports: [API_PORT] },
    ...(serverTag === undefined ? [] : [{ what: "etcd between servers", src: [serverTag], dst: serverTag, ports: ETCD_PORTS }]),
    ...pods,
    ...(nodePorts.length === 0 ? [] : [{ what: "nodes to nodes", src: [tag], dst: tag, ports: nodePorts }]),
    { what: "operators to servers", src: operators, dst: tag, ports: [API_PORT], ofPeople: true },
    ...(service === undefined ? [] : [serviceNeed(service, operators)]),
  ];
}

/**
 * The vendor tells of Services as targets of grants alone (https://tailscale.com/docs/features/tailscale-services, "Configure Service access"),
 * and Services carry TCP alone.
 * @type {(service: string, operators: readonly string[]) => Need}
 */
function serviceNeed(service, operators) {
  return { what: `operators to ${service}`, src: operators, dst: service, ports: [API_PORT], proto: "tcp", ofPeople: true, form: "grants" };
}

/**
 * The needs as entries of `acls` or of `grants`: https://tailscale.com/docs/reference/grants-vs-acls. `posture` is what rules from nodes and pods
 * name where the policy's default posture would hold for them; people's devices are to meet that. `section`: those that stand there where all that
 * can be said in either form is said in `form`.
 * @type {(cluster: ClusterTraffic, form: RuleForm, posture?: string, section?: RuleForm) => (AclRule | GrantRule)[]}
 */
function clusterRules(cluster, form, posture, section = form) {
  const needs = clusterNeeds(cluster).filter((need) => (need.form ?? form) === section);
  return needs.map((need) => asRule(need, section, posture));
}

/**
 * The needs as rules of a policy that is this cluster's alone.
 * @type {(cluster: ClusterTraffic) => AclRule[]}
 */
function ownRules(cluster) {
  return clusterNeeds(cluster).flatMap((need) => (need.form === undefined ? [asAcl(need)] : []));
}

/**
 * What of them `acls` cannot say.
 * @type {(cluster: ClusterTraffic) => GrantRule[]}
 */
function ownGrants(cluster) {
  return clusterNeeds(cluster).flatMap((need) => (need.form === undefined ? [] : [asGrant(need)]));
}

/** @type {(need: Omit<Need, "what">, form: RuleForm, posture?: string) => AclRule | GrantRule} */
function asRule(need, form, posture) {
  return form === "grants" ? asGrant(need, posture) : asAcl(need, posture);
}

/** @type {(need: Omit<Need, "what">, posture?: string) => AclRule} */
function asAcl({ src, dst, ports, proto, ofPeople }, posture) {
  const target = `${dst}:${ports === "*" ? "*" : ports.join(",")}`;
  return { action: "accept", ...(proto && { proto }), src, ...ownPosture(posture, ofPeople), dst: [target] };
}

/** @type {(need: Omit<Need, "what">, posture?: string) => GrantRule} */
function asGrant({ src, dst, ports, proto, ofPeople }, posture) {
  /** @type {(port: number) => string} */
  const capability = (port) => (proto ? `${proto}:${port}` : String(port));
  return { src, ...ownPosture(posture, ofPeople), dst: [dst], ip: ports === "*" ? ["*"] : ports.map(capability) };
}

/** @type {(posture: string | undefined, ofPeople: boolean | undefined) => { srcPosture?: string[] }} */
function ownPosture(posture, ofPeople) {
  return posture === undefined || ofPeople ? {} : { srcPosture: [posture] };
}

/**
 * Assertions that the tailnet checks at each later change of its policy: what must be reachable, and of `denied` (destinations by source)
 * what must not. Sources are tags, groups and users, destinations single ports without wildcards or CIDRs:
 * https://tailscale.com/kb/1337/policy-syntax#tests. `attributes` are those of nodes, where postures ask for any.
 * @type {(cluster: ClusterTraffic, denied?: (source: string) => string[], attributes?: Readonly<Record<string, string>>) => PolicyTest[]}
 */
function clusterTests({ tag, serverTag, podCidr, operators, nodePorts, integration }, denied = () => [], attributes = undefined) {
  /** @type {(src: string, accept: string[]) => PolicyTest} */
  const test = (src, accept) => {
    const deny = denied(src);
    return { src, ...(attributes && { srcPostureAttrs: attributes }), accept, ...(deny.length > 0 && { deny }) };
  };
  const ports = [...new Set([API_PORT, ...nodePorts])];
  const nodes = ports.map((port) => `${tag}:${port}`);
  /** @type {PolicyTest[]} */
  const ofNodes =
    integration === "flannel-iface"
      ? [test(tag, nodes), { src: tag, ...(attributes && { srcPostureAttrs: attributes }), proto: "udp", accept: [`${tag}:${VXLAN_PORT}`] }]
      : [test(tag, [...nodes, `${firstPod(podCidr)}:443`])];
  const ofServers = serverTag === undefined ? [] : [test(serverTag, etcdOf(serverTag))];
  return [...ofNodes, ...ofServers, ...operators.map((operator) => test(operator, [`${tag}:${API_PORT}`]))];
}

/**
 * Connections that no rule of the cluster gives; whether a rule of others gives one, the live policy tells.
 * @type {(cluster: ClusterTraffic) => (Connection & { ports: readonly [number] })[]}
 */
function closedConnections({ tag, serverTag, podCidr, operators, nodePorts, integration }) {
  /** @type {(src: string, dst: string, port: number) => Connection & { ports: readonly [number] }} */
  const closed = (src, dst, port) => ({ src, dst, ports: [port] });
  return [
    ...(nodePorts.includes(22) ? [] : [closed(tag, tag, 22)]),
    // Behind the vxlan nodes need no way to pods, and none by which another router's route could draw their packets.
    ...(integration === "flannel-iface" ? [closed(tag, firstPod(podCidr), 443)] : []),
    // Agents have the cluster's data from the API alone.
    ...(serverTag === undefined ? [] : [closed(tag, serverTag, ETCD_PORTS[0])]),
    ...operators.flatMap((src) => [closed(src, tag, 22), closed(src, firstPod(podCidr), 443)]),
  ];
}

/**
 * The second tag of servers whose etcd reaches etcd: agents of the cluster carry the first one alone.
 * @type {(tag: string) => string}
 */
function serverTagOf(tag) {
  return `${tag}-server`;
}

/**
 * The tag whose devices may stand behind the cluster's Service: that of its servers where they have one of their own.
 * @type {(cluster: Pick<ClusterTraffic, "tag" | "serverTag">) => string}
 */
function serviceHostOf({ tag, serverTag = tag }) {
  return serverTag;
}

/** @type {(serverTag: string) => string[]} */
function etcdOf(serverTag) {
  return ETCD_PORTS.map((port) => `${serverTag}:${port}`);
}

/** @type {(podCidr: string) => string} */
function firstPod(podCidr) {
  return podCidr.replace(/\d+\/\d+$/, (end) => String(Number.parseInt(end, 10) + 1));
}

module.exports = {
  POLICY_EDITORS,
  serverTagOf,
  serviceHostOf,
  clusterNeeds,
  clusterRules,
  ownRules,
  ownGrants,
  asRule,
  clusterTests,
  closedConnections,
};
