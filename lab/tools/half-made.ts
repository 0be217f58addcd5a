import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

// Whatever is found in the cache under its own name is whole: it gets the name as the last act.

/** The name of a file or folder while it is made: it tells which process makes it, so that nobody else finishes or removes it. */
export const halfMade = (whole: string): string => `${whole}.part-${process.pid}`;

/** Gives a file that is whole its own name; the disk has it by then, so that a power cut leaves the whole file or none. */
export function finishFile(whole: string): void {
  const file = openSync(halfMade(whole), "r");
  fsyncSync(file);
  closeSync(file);
  renameSync(halfMade(whole), whole);
}

/** Removes from a folder what makers left behind that were cut off. */
export function dropHalfMade(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const maker = /\.part-(\d+)$/.exec(name)?.[1];
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
