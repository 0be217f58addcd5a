import type { FailedTest } from "../api-error";
import { faultOf, quote } from "./check-names";
import { endpointsOf, means } from "./endpoints";
import type { Endpoint, Tailnet } from "./endpoints";
import { defaultProtocols, kindOf, networkOf, portRanges, protocolNumbers, protocolsWithPorts, splitHostPort } from "./names";
import { networkRules } from "./network-rules";
import type { NetworkRule } from "./network-rules";
import type { PolicyDocument, PolicyTest } from "./policy-document";

/** "When omitted, the test checks for either TCP or UDP access" (https://tailscale.com/kb/1337/policy-syntax#proto-1). */
const PROTOCOLS_OF_A_TEST: readonly number[] = [6, 17];

interface Target {
  readonly endpoints: readonly Endpoint[];
  readonly port: number;
}

/** Runs tests over a checked policy's acls and grants; what is left is what the vendor puts into `data`. */
export function runTests(policy: PolicyDocument, tests: readonly PolicyTest[], tailnet: Tailnet): readonly FailedTest[] {
  const rules = networkRules(policy);
  return tests.flatMap((test) => {
    const user = test.src ?? test.user ?? "";
    const errors = errorsOf(policy, rules, tailnet, test, user);
    return errors.length === 0 ? [] : [{ user, errors }];
  });
}

function errorsOf(
  policy: PolicyDocument,
  rules: readonly NetworkRule[],
  tailnet: Tailnet,
  test: PolicyTest,
  source: string,
): readonly string[] {
  const { accept = test.allow ?? [], deny = [], proto = "" } = test;
  const numbers = proto === "" ? PROTOCOLS_OF_A_TEST : protocolNumbers(proto);
  // Recorded as failing: no source, an unknown one, nothing to test, icmp. The vendor's words for them are not known.
  const fault = sourceFault(policy, source) ?? (accept.length + deny.length === 0 ? "nothing to accept or deny" : undefined);
  if (fault !== undefined) return [fault];
  if (numbers?.every((number) => protocolsWithPorts.includes(number)) !== true) return [`proto ${quote(proto)} cannot be tested`];

  const sources = endpointsOf(policy, tailnet, source);
  const check = (destination: string, wanted: "Accept" | "Drop"): readonly string[] => {
    const target = targetOf(policy, tailnet, destination);
    if (typeof target === "string") return [`address ${quote(destination)}: ${target}`];
    const reach = (from: Endpoint, to: Endpoint): boolean =>
      rules.some((rule) => allows(policy, tailnet, rule, from, to, target.port, numbers));
    const outcomes = sources.flatMap((from) => target.endpoints.map((to) => (reach(from, to) ? "Accept" : "Drop")));
    const other = outcomes.find((outcome) => outcome !== wanted);
    return other === undefined ? [] : [`address ${quote(destination)}: want: ${wanted}, got: ${other}`];
  };
  return [...accept.flatMap((destination) => check(destination, "Accept")), ...deny.flatMap((destination) => check(destination, "Drop"))];
}

/** A source is a user, group, tag, address or host with one address; no wildcard and no autogroup (tailscale/tailscale#4416). */
export function sourceFault(policy: PolicyDocument, source: string): string | undefined {
  if (source === "" || !["user", "group", "tag", "host", "network"].includes(kindOf(source))) return "user is invalid";
  return faultOf(policy, source) ?? networkFault(policy, source);
}

function networkFault(policy: PolicyDocument, name: string): string | undefined {
  const network = networkOf(policy.hosts?.[name] ?? name);
  return network?.isAddress === false ? "a range of addresses cannot be tested" : undefined;
}

/** Reads host and one port; what is wrong with them otherwise. */
function targetOf(policy: PolicyDocument, tailnet: Tailnet, destination: string): Target | string {
  const split = splitHostPort(destination);
  if (split === undefined) return 'hostport must contain a colon (":")';
  const { host, ports } = split;
  if (!/^[1-9]\d{0,4}$/.test(ports) || Number(ports) > 65_535) return `port ${quote(ports)} is not a single port`;
  if (!["user", "group", "tag", "host", "network"].includes(kindOf(host))) return `${quote(host)} cannot be tested`;
  const fault = faultOf(policy, host) ?? networkFault(policy, host);
  return fault ?? { endpoints: endpointsOf(policy, tailnet, host), port: Number(ports) };
}

function allows(
  policy: PolicyDocument,
  tailnet: Tailnet,
  rule: NetworkRule,
  from: Endpoint,
  to: Endpoint,
  port: number,
  protocols: readonly number[],
): boolean {
  const ruled = rule.proto === undefined ? defaultProtocols : (protocolNumbers(rule.proto) ?? []);
  return (
    protocols.some((number) => ruled.includes(number)) &&
    rule.src.some((name) => means(policy, tailnet, "src", name, from, to)) &&
    rule.targets.some(
      ({ name, ports }) =>
        portRanges(ports).some(({ first, last }) => first <= port && port <= last) && means(policy, tailnet, "dst", name, to, from),
    )
  );
}
