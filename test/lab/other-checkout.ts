import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOrFail } from "../../lab/hosts/run-command";
import { checkoutRoot } from "../../lab/paths";

export interface Checkout {
  readonly root: string;
  remove(): void;
}

const NPM_LIMIT_MS = 180_000;

/** The program in another folder, with what `npm ci` puts there and nothing of the lab. */
export async function makeOtherCheckout(): Promise<Checkout> {
  const root = mkdtempSync(join(tmpdir(), "other-checkout-"));
  for (const name of ["src", "stacks", "Pulumi.yaml", "package.json", "package-lock.json", "tsconfig.json"])
    cpSync(join(checkoutRoot, name), join(root, name), { recursive: true });
  const argv = ["npm", "ci", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await runOrFail(argv, { cwd: root, timeoutMs: NPM_LIMIT_MS });
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
