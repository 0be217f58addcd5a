// @ts-check
import { reachHost } from "./lib/reach-host.mjs";
import { runTool } from "./lib/run-tool.mjs";

await runTool("reach", { create: { run: reachHost } });
