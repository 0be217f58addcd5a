import { configSchema, providers } from "../../src/config/schema";
import { listSettings, type Setting } from "./settings";
import { stackKeys } from "./stack-keys";

const HEAD = `<!-- Made by \`make docs\` from src/config/schema.ts: change it there. -->

# Settings

A stack's settings stand in \`stacks/Pulumi.<stack>.yaml\`, each section under \`hybrid-k3s:\`. [stacks/Pulumi.example.yaml](../stacks/Pulumi.example.yaml)
shows all of them with notes. "needed" means that there is no default. Everything that is not written here is refused.

Editors: the first line of the example names [hybrid-k3s.schema.json](../stacks/hybrid-k3s.schema.json). With it, VS Code (extension "YAML" of Red Hat) and
other editors with the YAML language server complete settings, show these texts, and mark what is wrong while you type.

A preview checks more than an editor can: which settings go together, whether networks overlap, whether a release is known to be bad. It says every
fault at once.`;

const TITLES: Readonly<Record<string, string>> = {
  cluster: "The cluster",
  vpn: "The VPN",
  mirror: "A mirror",
  access: "Access",
  networks: "Networks of cloud regions",
  pools: "Pools",
};

/** docs/settings.md. */
export function settingsPage(): string {
  const settings = listSettings();
  const sections = Object.keys(configSchema.shape).map((section) => sectionText(section, settings.filter(({ path }) => path.startsWith(`${section}.`)))); // prettier-ignore
  return [HEAD, ...sections, keysText()].join("\n\n") + "\n";
}

function sectionText(section: string, settings: readonly Setting[]): string {
  const isPools = section === "pools";
  const head = ["setting", ...(isPools ? ["pools of"] : []), "type", "default", "example", "meaning"];
  const rows = settings.map((setting) => [
    `\`${setting.path}\``,
    ...(isPools ? [setting.pools.length === providers.length ? "all" : setting.pools.join(", ")] : []),
    setting.type,
    setting.default,
    setting.examples.map((example) => `\`${example}\``).join(" or "),
    setting.description,
  ]);
  return `## ${TITLES[section] ?? section}: \`hybrid-k3s:${section}\`\n\n${table(head, rows)}`;
}

function keysText(): string {
  const rows = stackKeys.map(({ key, isSecret, example, description }) => [
    `\`${key}\``,
    isSecret ? "yes" : "no",
    isSecret ? `\`pulumi config set --secret ${key}\`` : `\`pulumi config set ${key} ${example ?? ""}\``,
    description,
  ]);
  return `## Keys of their own\n\nSecrets are keys of their own: one secret within a section would hide the whole section from previews.\n\n${table(
    ["key", "secret", "set by", "meaning"],
    rows,
  )}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
