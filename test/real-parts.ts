import type { LabTools } from "../lab/contract";
import { createProgress } from "../lab/progress";
import { getTools } from "../lab/tools/get-tools";

/** The suites that say what the real parts do, as `make test-real` runs them. */
export const REAL_SUITES = [
  "contract",
  "contract-2",
  "network",
  "removal",
  "burst",
  "burst-faults",
  "tailnet",
  "tailnet-nodes",
  "backup",
] as const;

/** Parts that a run against the real ones needs, by their names in LabTools.standIns, and what gives each. */
const PARTS = [
  { tool: "k3s", part: "k3s", variable: "LAB_K3S" },
  { tool: "installK3s", part: "k3s's installer", variable: "LAB_INSTALL_K3S" },
  { tool: "languageNodejs", part: "Pulumi's language host for Node.js", variable: "LAB_PULUMI_LANGUAGE_NODEJS" },
  { tool: "resourceCommand", part: "Pulumi's plugin command", variable: "LAB_PULUMI_RESOURCE_COMMAND" },
  { tool: "resourceTailscale", part: "Pulumi's plugin tailscale", variable: "LAB_PULUMI_RESOURCE_TAILSCALE" },
  { tool: "resourceTls", part: "Pulumi's plugin tls", variable: "LAB_PULUMI_RESOURCE_TLS" },
] as const;

/** Says which parts are real, one a line, and what to give for those that are not. */
export function listParts({ standIns }: Pick<LabTools, "standIns">): { readonly lines: readonly string[]; readonly areReal: boolean } {
  const rows = PARTS.map(({ tool, part, variable }) => ({ isReal: !standIns.includes(tool), part, variable }));
  return {
    lines: [
      ...rows.map(({ isReal, part, variable }) =>
        isReal ? `real      ${part}` : `stand-in  ${part}: give the real one's path by ${variable}`,
      ),
      "real      Pulumi's engine, tailscale, headscale, SSH, systemd, Kubernetes",
      "emulated  AWS, Azure and their plugins, Tailscale's API: they need accounts",
    ],
    areReal: rows.every(({ isReal }) => isReal),
  };
}

/** Prints which parts are real; throws where one of those that can be is not. */
export async function requireRealParts(): Promise<void> {
  const { lines, areReal } = listParts(await getTools(createProgress()));
  console.log(["", "parts of the lab", ...lines.map((line) => `  ${line}`)].join("\n"));
  if (!areReal) throw new Error("a run against the real parts needs all of them: give the paths named above, and run make test-real again");
}
