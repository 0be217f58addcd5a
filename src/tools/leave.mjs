// @ts-check
import { cleanLater, leaveNode } from "./lib/leave-node.mjs";
import { runTool } from "./lib/run-tool.mjs";

await runTool("leave", {
  create: { run: () => {} },
  delete: { run: leaveNode },
  clean: { run: cleanLater, words: true },
});
