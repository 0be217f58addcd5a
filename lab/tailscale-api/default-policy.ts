/** A new tailnet's policy: allow all, SSH to one's own devices, examples in comments. The vendor wrote it with acls until 2025 and with grants since. */
export type DefaultPolicyForm = "grants" | "acls";

export function defaultPolicy(form: DefaultPolicyForm): string {
  const rules =
    form === "grants"
      ? `	// Who may reach what. Everything may reach everything until this is narrowed.
	"grants": [
		{"src": ["*"], "dst": ["*"], "ip": ["*"]},

		// The same for a group, on web ports only:
		// {"src": ["group:example"], "dst": ["tag:example"], "ip": ["tcp:80", "tcp:443"]},
	],`
      : `	// Who may reach what. Everything may reach everything until this is narrowed.
	"acls": [
		{"action": "accept", "src": ["*"], "dst": ["*:*"]},

		// The same for a group, on web ports only:
		// {"action": "accept", "src": ["group:example"], "dst": ["tag:example:80,443"]},
	],`;
  return `// Policy of a new tailnet: all connections are allowed.
{
	// Names for sets of users.
	// "groups": {
	// 	"group:example": ["alice@example.com", "bob@example.com"],
	// },

	// Tags that devices can carry, and who may give them.
	// "tagOwners": {
	// 	"tag:example": ["autogroup:admin"],
	// },

${rules}

	// Who may open Tailscale SSH sessions: everyone to their own devices, after a check.
	"ssh": [
		{
			"action": "check",
			"src":    ["autogroup:member"],
			"dst":    ["autogroup:self"],
			"users":  ["autogroup:nonroot", "root"],
		},
	],

	// Statements that must stay true whenever this file is saved.
	// "tests": [
	// 	{
	// 		"src": "alice@example.com",
	// 		"accept": ["tag:example"],
	// 		"deny": ["100.101.102.103:443"],
	// 	},
	// ],
}
`;
}
