/** Without a policy headscale allows everything (hscontrol/policy/v2/filter.go); its API cannot take one away again, so these words stand for none. */
export const NO_POLICY = '{\n  "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}],\n}\n';

/**
 * What an operator must know who writes the first one: with any policy, only what its acls say is allowed.
 * @type {(cluster: { readonly operators: readonly string[] }) => string}
 */
export function firstPolicy({ operators }) {
  const groups = operators.filter((name) => name.startsWith("group:")).map((name) => `${JSON.stringify(name)}: ["alice@"]`);
  return [
    "It has no policy yet, and allows everything; once it has one, it allows only what the acls there say. Begin with one that says what holds now, and put what is asked for above into it:",
    `  {"groups": {${groups.join(", ")}}, "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}`,
    "in a file, by `headscale policy set -f FILE`; members are logins as `headscale users list` names them, with @ behind.",
  ].join("\n");
}
