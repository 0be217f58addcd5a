import { cleanLater, cleanUpNode } from "./host/clean-up-node.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("cleanup", {
  create: { run: () => {} },
  delete: { run: cleanUpNode },
  clean: { run: cleanLater, words: true },
});
