// @ts-check
import { removeMember } from "./host/remove-member.mjs";
import { runTool } from "./run/run-tool.mjs";

await runTool("member", {
  create: { run: () => {} },
  delete: { run: removeMember },
});
