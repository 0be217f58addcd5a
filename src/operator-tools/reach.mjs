// @ts-check
import { reachHost } from "./host/reach-host.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("reach", { create: { run: reachHost } });
