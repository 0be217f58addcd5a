import { checkHost } from "../../../src/operator-tools/host/check-host.mjs";
import { runTool } from "../../../src/operator-tools/run/run-tool.mjs";

// As the provider calls it, for a process of its own on a machine of the lab.
await runTool("preflight", {
  run: { run: (input, { env, out }) => checkHost(input, { env, out, reveal: (result) => out.result(JSON.stringify(result)) }) },
});
