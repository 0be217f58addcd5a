import { runTool } from "./lib/run-tool.mjs";
import { holdPolicy, restorePolicy } from "./lib/tailnet-policy.mjs";

await runTool("policy", {
  create: { run: holdPolicy },
  update: { run: holdPolicy },
  delete: { run: restorePolicy },
});
