import { drainNode } from "./host/drain-node.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("drain", {
  create: { run: () => {} },
  delete: { run: drainNode },
});
