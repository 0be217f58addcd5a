import { checkHost } from "./lib/check-host.mjs";
import { runTool } from "./lib/run-tool.mjs";

await runTool("preflight", {
  create: { run: checkHost },
  run: { run: checkHost },
});
