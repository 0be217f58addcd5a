import { ToolError } from "./tool-error.mjs";

/** What the operator reads where the control server refuses a policy: `answer` is its JSON or its bare words. */
export function policyRefused(answer, text, policyPage) {
  let said;
  try {
    said = JSON.parse(answer);
  } catch {
    said = { message: answer.trim() };
  }
  const tests = (said.data ?? []).flatMap(({ user, src, errors = [] }) => errors.map((error) => `- from ${user ?? src}: ${error}`));
  return new ToolError(
    [
      `The tailnet refuses the policy with this change (${said.message || "no reason given"}); nothing was written.`,
      ...tests,
      "The policy would have been:",
      ...text
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
      `Look at the tests and rules of others at ${policyPage}, and run again.`,
    ].join("\n"),
  );
}
