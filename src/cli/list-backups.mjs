import Table from "cli-table3";
import { openHosts } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { ageOf, listSnapshots, refuseExternal } from "./snapshots.mjs";

/** @import { Command } from "./command.mjs" */

/** @type {Command} */
export const listBackups = {
  words: "",
  about: "lists the snapshots on the servers and in S3, the newest first",
  least: 0,
  most: 0,
  options: ["stack", "json"],
  async run(_words, { stack, json }, context) {
    const { out, readStack, hostWork = openHosts } = context;
    const access = await readAccess(stack, out, readStack);
    refuseExternal(access);
    const { snapshots, faults } = await listSnapshots(access, hostWork(access, context));
    if (json) out.result(JSON.stringify(snapshots, undefined, 2));
    else {
      const plain = { head: [], border: [] };
      const table = new Table({ head: ["name", "taken", "age", "MB", "on", "S3"], style: plain });
      for (const { name, time, bytes, servers, inS3 } of snapshots)
        table.push([name, time, ageOf(time), (bytes / 1e6).toFixed(1), servers.join(" "), inS3 ? "yes" : ""]);
      out.result(snapshots.length === 0 ? "There is no backup yet." : table.toString());
    }
    for (const fault of faults) out.say(`not looked at: ${fault}`);
  },
};
