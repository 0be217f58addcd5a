import { waitForSsh } from "./host/wait-for-ssh.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("wait-for-ssh", { create: { run: waitForSsh } });
