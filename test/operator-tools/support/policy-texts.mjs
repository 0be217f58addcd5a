export const TAG = "tag:k3s-edge";
export const POD_CIDR = "10.42.0.0/16";

/** The document that the stack writes. */
export function ownPolicy({ nodePorts = "6443,10250", operators = ["group:ops"], groups = { "group:ops": ["alice@example.org"] } } = {}) {
  return JSON.stringify(
    {
      groups,
      tagOwners: { "tag:k3s-admin": ["autogroup:admin"], [TAG]: ["tag:k3s-admin"] },
      autoApprovers: { routes: { [POD_CIDR]: [TAG] } },
      acls: [
        { action: "accept", src: [TAG], dst: [`${TAG}:${nodePorts}`] },
        { action: "accept", src: [TAG], dst: [`${POD_CIDR}:*`] },
        { action: "accept", src: [POD_CIDR], dst: [`${POD_CIDR}:*`] },
        { action: "accept", src: operators, dst: [`${TAG}:6443`] },
      ],
    },
    null,
    2,
  );
}

/** What judgeTakeover must know of the cluster. */
export const OWN = { ours: ownPolicy(), tag: TAG, podCidr: POD_CIDR, tagOwners: ["tag:k3s-admin"], groups: { ops: ["alice@example.org"] } };

/** A new tailnet's policy of the acls form. */
export const DEFAULT_ACLS = `// Example/default ACLs for unrestricted connections.
{
	// "groups": {"group:example": ["alice@example.com"]},
	"tagOwners": {
		// "tag:example": ["autogroup:admin"],
	},
	"acls": [
		// Allow all connections.
		{"action": "accept", "src": ["*"], "dst": ["*:*"]},
	],
	"ssh": [
		{
			"action": "check",
			"src":    ["autogroup:member"],
			"dst":    ["autogroup:self"],
			"users":  ["autogroup:nonroot", "root"],
		},
	],
}
`;

/** The same of the grants form. */
export const DEFAULT_GRANTS = DEFAULT_ACLS.replace(
  /"acls"[\s\S]*?\],\n\t"ssh"/,
  '"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}],\n\t"ssh"',
);

/** The default with the lines that docs/tailscale.md has the operator add. */
export const PREPARED_TAILNET = DEFAULT_ACLS.replace(
  '// "tag:example": ["autogroup:admin"],',
  '"tag:k3s-admin": ["autogroup:admin"], // for hybrid-k3s',
).replace("{\n\t//", '{\n\t"groups": {"group:ops": ["alice@example.org"]},\n\t//');
