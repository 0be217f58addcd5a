// @ts-check
import { cleanLater, leaveNode } from "./host/leave-node.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("leave", {
  create: { run: () => {} },
  delete: { run: leaveNode },
  clean: { run: cleanLater, words: true },
});
