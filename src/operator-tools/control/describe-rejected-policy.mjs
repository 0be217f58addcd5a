import { isList, isObject, parseJson } from "../run/json.mjs";
import { ToolError } from "../run/tool-error.mjs";

/**
 * What the operator reads where the control server refuses a policy: `answer` is its JSON or its bare words.
 * @type {(answer: string, text: string, policyPage: string) => ToolError}
 */
export function describeRejectedPolicy(answer, text, policyPage) {
  const said = parseJson(answer);
  const { message, data } = isObject(said) ? said : { message: answer.trim(), data: undefined };
  const tests = (isList(data) ? data : []).flatMap(testLines);
  return new ToolError(
    [
      `The tailnet refuses the policy with this change (${(typeof message === "string" && message) || "no reason given"}); nothing was written.`,
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

/**
 * What one test of a policy found, as the API answers it: {user or src, errors}.
 * @type {(test: unknown) => string[]}
 */
function testLines(test) {
  if (!isObject(test) || !isList(test.errors)) return [];
  const source = String(test.user ?? test.src);
  return test.errors.map((error) => `- from ${source}: ${String(error)}`);
}
