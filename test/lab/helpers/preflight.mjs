import { checkHost } from "../../../src/tools/lib/check-host.mjs";
import { runTool } from "../../../src/tools/lib/run-tool.mjs";

// As the provider calls it, for a process of its own on a machine of the lab.
await runTool("preflight", {
  run: { run: (input, { env, out }) => checkHost(input, { env, out, reveal: (result) => out.result(JSON.stringify(result)) }) },
});
