import { faultOf, quote, refuse } from "./check-names";
import { kindOf, networkOf } from "./names";
import type { PolicyDocument, SshRule, SshTest } from "./policy-document";

const HOUR = 3600;
const LONGEST_CHECK_PERIOD = 168 * HOUR;
const unitSeconds: Readonly<Record<string, number>> = { h: HOUR, m: 60, s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

/** Refuses what the vendor refuses in ssh rules (https://tailscale.com/kb/1337/policy-syntax#ssh). */
export function checkSsh(policy: PolicyDocument, { action = "", src = [], dst = [], users, checkPeriod, acceptEnv }: SshRule): void {
  if (action === "") throw refuse("action must be specified");
  if (!["accept", "check"].includes(action.trim())) throw refuse(`${quote(action)} is not a valid action`);
  if ((users ?? []).length === 0) throw refuse("users must be specified");
  const stranger = users?.find((user) => user === "" || user === "*");
  if (stranger !== undefined) throw refuse(`user ${quote(stranger)} is not valid`);
  if ((acceptEnv ?? []).includes("")) throw refuse("acceptEnv values cannot be empty");
  if (checkPeriod !== null && checkPeriod !== undefined && checkPeriod !== "") checkDuration(checkPeriod);
  for (const source of src.map((name) => name.trim())) {
    if (["any", "network", "host", "service", "ipset"].includes(kindOf(source))) throw refuse(`invalid src ${quote(source)}`);
    const fault = faultOf(policy, source);
    if (fault !== undefined) throw refuse(`src=${fault}`);
  }
  for (const target of dst.map((name) => name.trim())) {
    if (!["tag", "user", "autogroup"].includes(kindOf(target))) throw refuse(`invalid dst ${quote(target)}`);
    const fault = faultOf(policy, target);
    if (fault !== undefined) throw refuse(`dst=${quote(target)}: ${fault}`);
  }
}

/** Refuses what no SSH test may have as its destination; recorded as refusals, not as failed tests. */
export function checkSshTest(policy: PolicyDocument, { dst = [] }: SshTest): void {
  for (const name of dst) {
    const kind = kindOf(name);
    if (kind === "tag" && faultOf(policy, name) !== undefined) throw refuse(`SSH tests dst contains unknown tag ${quote(name)}`);
    const isRange = networkOf(policy.hosts?.[name] ?? name)?.isAddress === false;
    if (isRange || !["tag", "user", "group", "host", "network"].includes(kind))
      throw refuse(`SSH tests dst contains disallowed element ${quote(name)}`);
  }
}

function checkDuration(text: string): void {
  if (text === "always") return;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  const [, sign = ""] = /^([-+]?)/.exec(text) ?? [];
  const isDuration = parts.length > 0 && sign + parts.map(([part]) => part).join("") === text;
  if (!isDuration && text !== "0") throw refuse(`time: invalid duration ${quote(text)}`);
  const seconds = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0), 0);
  if (sign === "-" && seconds > 0) throw refuse(`checkPeriod -${asGoDuration(seconds)} must be a positive duration`);
  if (seconds > LONGEST_CHECK_PERIOD) throw refuse(`checkPeriod ${asGoDuration(seconds)} is above the max (168h)`);
}

/** As Go prints it: 200h0m0s, 1m0s, 30s. */
function asGoDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / 60)];
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
