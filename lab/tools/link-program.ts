import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { inState } from "../paths";

/** What the operator's PATH starts with. */
export const binFolder = inState("bin");

/** Makes `bin/name` a link to a program, in place of what was there; whoever runs it meanwhile finds the old or the new. */
export function linkProgram(bin: string, name: string, target: string): string {
  const link = path.join(bin, name);
  const fresh = `${link}.${process.pid}`;
  mkdirSync(bin, { recursive: true });
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
  return link;
}
