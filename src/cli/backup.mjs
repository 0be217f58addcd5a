import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { onFirst, openHosts, textOf } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { COPIES, refuseExternal } from "./snapshots.mjs";

/** @import { Command } from "./command.mjs" */

// k3s's own limit for S3 is five minutes, and one on the disk may come after that.
const SAVE_SECONDS = 900;

/** @type {Command} */
export const backup = {
  words: "[NAME]",
  about: "takes a snapshot of the cluster's data, of SQLite a copy, on a server and in S3 where that is set up",
  least: 0,
  most: 1,
  options: ["stack"],
  async run([name = "on-demand"], { stack }, context) {
    const { out, readStack, hostWork = openHosts } = context;
    const access = await readAccess(stack, out, readStack);
    refuseExternal(access);
    const run = hostWork(access, context);
    const { server, result } = await onFirst(access.servers, async (node) => ({
      server: node.name,
      result: await run(node, { script: "save-backup", environment: { BACKUP_NAME: name }, limitSeconds: SAVE_SECONDS }),
    }));
    const saved = textOf(result, "name");
    out.result(saved);
    if (access.datastore === "sqlite")
      out.say(`${saved} is on the disk of ${server} alone, in ${COPIES}: copy it elsewhere (docs/backup.md).`);
    else if (access.s3 === undefined) out.say(`${saved} is on the disk of ${server} alone: copy it elsewhere, or set cluster.backup.s3.`);
    else if (result["s3"] === "saved") out.say(`${saved} is on the disk of ${server} and in S3 (${access.s3.bucket}).`);
    else throw new ToolError(`${saved} is on the disk of ${server}, and NOT in S3: ${textOf(result, "s3")}`);
    out.say("Nobody can read it without the server token: pulumi stack output --show-secrets serverToken. Keep that elsewhere too.");
  },
};
