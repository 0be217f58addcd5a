import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout that this lab belongs to. */
export const checkoutRoot = resolve(__dirname, "..");

/** Everything of this checkout's lab that is a file; may be deleted while no lab runs. LAB_STATE names another folder for a second lab. */
export const stateDir = resolve(checkoutRoot, process.env["LAB_STATE"] ?? ".lab");

/** Downloads, builds and root file systems, shared by all checkouts, each keyed by what it is made from. */
export const cacheDir = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "hybrid-k3s");

/** Keeps apart what two labs leave in places that they share, such as control groups. */
export const labId = createHash("sha256").update(stateDir).digest("hex").slice(0, 8);

/** A path inside .lab. */
export const inState = (...parts: readonly string[]): string => join(stateDir, ...parts);

/** A path inside lab/hosts, where the lab's own scripts are. */
export const hostScript = (name: string): string => join(checkoutRoot, "lab", "hosts", name);
