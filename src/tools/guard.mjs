// @ts-check
import { guardServer } from "./lib/guard-server.mjs";
import { runTool } from "./lib/run-tool.mjs";

await runTool("guard", {
  create: { run: () => {} },
  delete: { run: guardServer },
});
