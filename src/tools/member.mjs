// @ts-check
import { removeMember } from "./lib/remove-member.mjs";
import { runTool } from "./lib/run-tool.mjs";

await runTool("member", {
  create: { run: () => {} },
  delete: { run: removeMember },
});
