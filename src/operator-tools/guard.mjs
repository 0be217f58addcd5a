// @ts-check
import { guardServer } from "./host/guard-server.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("guard", {
  create: { run: () => {} },
  delete: { run: guardServer },
});
