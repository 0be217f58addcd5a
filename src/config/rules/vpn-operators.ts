import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { defaultTag } from "../values/names";
import { nearestAmong } from "../nearest";

/** Roles of a tailnet's people (https://tailscale.com/kb/1396/targets); the other autogroups are no people, or everyone. */
const peopleGroups = ["member", "admin", "owner", "network-admin", "it-admin", "billing-admin", "auditor"].map(
  (name) => `autogroup:${name}`,
);

const at = (...parts: readonly (string | number)[]) => settingPath("vpn", ...parts);

/**
 * Who reaches the API server. Where the policy file is wholly ours, this config defines every group and tag that is named; a file of
 * others defines them itself, and is asked when it is read.
 */
export function validateOperators({ vpn, cluster }: ConfigDraft): readonly ConfigIssue[] {
  const operators = vpn?.operators ?? [];
  const definitions = definitionsOf(vpn);
  const nodeTag = vpn?.tag ?? (cluster?.name === undefined ? undefined : defaultTag(cluster.name));
  return [
    ...(vpn?.operators?.length === 0
      ? [
          {
            path: at("operators"),
            problem: "is empty, and nobody could use the cluster",
            remedy: "Name a group or people, for example [group:ops].",
          },
        ]
      : []),
    ...operators.flatMap((operator, index) => {
      const path = at("operators", index);
      if (operator === undefined) return [];
      if (operators.indexOf(operator) < index)
        return [{ path, problem: `${quote(operator)} stands in this list twice`, remedy: "Remove one." }];
      // The policy's tests of operators deny what its rules give nodes.
      if (operator === nodeTag)
        return [{ path, problem: `${quote(operator)} is the nodes' own tag`, remedy: "Remove it: nodes reach the API server without it." }];
      return validateOperator(operator, path, definitions);
    }),
    ...validateGroups(vpn),
  ];
}

interface Definitions {
  /** The live policy has further groups and tags. */
  readonly areOfOthers: boolean;
  readonly groups: readonly string[];
  readonly tags: readonly (string | undefined)[];
}

const definitionsOf = (vpn: ConfigDraft["vpn"]): Definitions => ({
  areOfOthers: vpn?.policy !== "own",
  groups: Object.keys(vpn?.groups ?? {}),
  tags: vpn?.tagOwners ?? [],
});

function validateOperator(operator: string, path: string, { areOfOthers, groups, tags }: Definitions): ConfigIssue[] {
  if (operator.startsWith("group:")) {
    const name = operator.slice("group:".length);
    if (areOfOthers || groups.includes(name)) return [];
    const meant = nearestAmong(name, groups);
    return [
      {
        path,
        problem: `${quote(operator)} is not defined`,
        remedy:
          meant === undefined
            ? `Define it: vpn.groups: {${name}: [alice@example.org]}.`
            : `Did you mean group:${meant}? Otherwise define it in vpn.groups.`,
      },
    ];
  }
  if (operator.startsWith("tag:")) {
    if (areOfOthers || tags.includes(operator)) return [];
    return [
      {
        path,
        problem: `${quote(operator)} is not defined`,
        remedy: "Name people or a group instead: of tags, only those in vpn.tagOwners are defined by this stack's policy.",
      },
    ];
  }
  if (isPerson(operator) || peopleGroups.includes(operator)) return [];
  return [
    {
      path,
      problem: `${quote(operator)} names no people`,
      remedy: "Write group:NAME with NAME in vpn.groups, a login such as alice@example.org, or autogroup:admin.",
    },
  ];
}

function validateGroups(vpn: ConfigDraft["vpn"]): ConfigIssue[] {
  const groups = Object.entries(vpn?.groups ?? {});
  if (groups.length > 0 && vpn?.policy !== "own")
    return [
      {
        path: at("groups"),
        problem: `is defined by this stack only where vpn.policy is own, not ${vpn?.policy ?? "merge"}`,
        remedy: "Define the groups in the tailnet's policy and remove them here, or write policy: own.",
      },
    ];
  return groups.flatMap(([name, members]) => validateGroup(name, members ?? []));
}

function validateGroup(name: string, members: readonly (string | undefined)[]): ConfigIssue[] {
  const path = at("groups", name);
  if (name.startsWith("group:"))
    return [
      {
        path,
        problem: "has group: in front of its name",
        remedy: `Write ${quote(name.slice("group:".length))}; operators name it with group: in front.`,
      },
    ];
  if (!/^[a-zA-Z][-a-zA-Z0-9_]*$/.test(name))
    return [{ path, problem: "is no legal group name", remedy: "Use letters, digits, dashes and underscores, a letter first." }];
  return members.flatMap((member, index) =>
    member === undefined || isPerson(member)
      ? []
      : [
          {
            path: at("groups", name, index),
            problem: `${quote(member)} is no login`,
            remedy: "Write a login as the tailnet knows it, for example alice@example.org; groups hold no tags or other groups.",
          },
        ],
  );
}

function isPerson(text: string): boolean {
  return /^[^\s@:]+@[^\s@:]*$/.test(text);
}
