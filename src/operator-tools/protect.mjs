import { protectServer } from "./host/protect-server.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("protect", {
  create: { run: () => {} },
  delete: { run: protectServer },
});
