/** @typedef {{ readonly environment?: Readonly<Record<string, unknown>> | undefined; readonly isOther?: boolean | undefined; readonly due?: string | undefined }} Before */

/**
 * Whether a change of a script's work may restart what its node runs: one of these settings is another, or the script itself or its secrets
 * (`isOther`), or the same work is due again (`due`). Labels and taints in a k3s config are not among the reasons: `wait-ready` sets them on the living Node.
 * @type {(changes: readonly string[], environment: Readonly<Record<string, unknown>>, before: Before) => boolean}
 */
export function takesTurn(changes, environment, before) {
  return (
    before.isOther === true ||
    before.due !== undefined ||
    changes.some((name) => withoutMarks(before.environment?.[name]) !== withoutMarks(environment[name]))
  );
}

/**
 * The same lines as settings_of_start in install-k3s.sh leaves out.
 * @type {(value: unknown) => unknown}
 */
function withoutMarks(value) {
  if (typeof value !== "string") return value;
  let isMark = false;
  const kept = value.split("\n").filter((line) => {
    if (/^node-(label|taint):/.test(line)) isMark = true;
    else if (/^[^\s-]/.test(line)) isMark = false;
    return !isMark;
  });
  return kept.join("\n");
}
