import { format, resolveConfig } from "prettier";
import { editorSchema } from "./editor-schema";
import { permissionsPage } from "./permissions-page";
import { settingsPage } from "./settings-page";

/** Files that are made, by their path in the checkout, and formatted as lint wants them. */
export async function writtenFiles(): Promise<Readonly<Record<string, string>>> {
  const files = {
    "docs/permissions.md": permissionsPage(),
    "docs/settings.md": settingsPage(),
    "stacks/hybrid-k3s.schema.json": JSON.stringify(editorSchema()),
  };
  return Object.fromEntries(
    await Promise.all(Object.entries(files).map(async ([path, text]) => [path, await formatted(path, text)] as const)),
  );
}

async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
