import { serverTagOf } from "./cluster-rules.cjs";
import jsonc from "jsonc-parser";
import { isList, isObject } from "../run/json.mjs";
import { mentions, ownEntries } from "./own-entries.mjs";
import { canonical, parsePolicy, policyEntries } from "./policy-document.mjs";

/** @import { JSONPath } from "jsonc-parser" */
/** @import { OwnPolicy } from "./judge-takeover.mjs" */
/** @import { PolicyEntry } from "./policy-document.mjs" */

/** @typedef {Record<string, unknown>} PolicyValue */
/** @typedef {Pick<OwnPolicy, "ours" | "tag" | "podCidr">} OwnLines */

const FORMAT = { formattingOptions: { insertSpaces: false, tabSize: 4, eol: "\n" } };

/**
 * The policy to put back when this cluster goes: the text found at the first `up` with what others changed since, and
 * without our lines. `kept` names definitions of ours that lines of others still need.
 * @type {(texts: OwnLines & { readonly found: string; readonly live: string }) => { text: string; kept: string[] }}
 */
export function restorePolicy({ found, live, ours, tag, podCidr }) {
  const foundValue = parsePolicy(found).value;
  const liveValue = parsePolicy(live).value;
  const base = withEntries(parsePolicy(ours).value, ownEntries(policyEntries(live), { ours, tag, podCidr }));
  const merged = asObject(mergeThree(foundValue, base, liveValue));
  const kept = keepNeeded(merged, liveValue);
  return { text: editText(found, foundValue, merged), kept };
}

/**
 * The live policy without this cluster's lines; what is left of the rules stays a list, for no list would allow everything.
 * @type {(live: string, own: OwnLines) => string}
 */
export function removeOurs(live, { ours, tag, podCidr }) {
  return restorePolicy({ found: JSON.stringify({ ...readmeSections(live, tag), acls: [] }, null, 2), live, ours, tag, podCidr }).text;
}

/** @type {(live: string, tag: string) => PolicyValue} */
function readmeSections(live, tag) {
  const { tagOwners, groups } = parsePolicy(live).value;
  const others = Object.fromEntries(Object.entries(asObject(tagOwners)).filter(([name]) => name !== tag && name !== serverTagOf(tag)));
  return { ...(groups !== undefined && { groups }), ...(Object.keys(others).length > 0 && { tagOwners: others }) };
}

/**
 * Base: what we wrote, this time or in an earlier `up`. Lines that only we can have written count as ours wherever found.
 * @type {(ours: PolicyValue, entries: readonly PolicyEntry[]) => PolicyValue}
 */
function withEntries(ours, entries) {
  const base = structuredClone(ours);
  for (const { section, key, value } of entries) {
    if (section === "acls" || section === "grants") {
      const rules = base[section];
      base[section] = [...(isList(rules) ? rules : []), value];
    } else section.split(".").reduce(partOf, base)[key] = value;
  }
  return base;
}

/**
 * The object of this name inside another one, made where there is none.
 * @type {(holder: PolicyValue, name: string) => PolicyValue}
 */
function partOf(holder, name) {
  const part = asObject(holder[name]);
  holder[name] = part;
  return part;
}

/**
 * Lists are sets. What we wrote (base) goes, unless it was there before us and nobody took it out since.
 * @type {(found: unknown, base: unknown, live: unknown) => unknown}
 */
function mergeThree(found, base, live) {
  if (isList(found) || isList(live)) {
    const [before, own, now] = [asList(found), asList(base), asList(live)];
    /** @type {(list: readonly unknown[], item: unknown) => boolean} */
    const has = (list, item) => list.some((other) => canonical(other) === canonical(item));
    const stays = before.filter((item) => !(has(own, item) && !has(now, item)));
    return [...stays, ...now.filter((item) => !has(own, item) && !has(before, item))];
  }
  if (isObject(found) || isObject(live)) {
    const [before, own, now] = [asObject(found), asObject(base), asObject(live)];
    /** @type {PolicyValue} */
    const result = {};
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      if (key in own && key in before && !(key in now)) continue;
      if (key in own && !(key in before) && canonical(own[key]) === canonical(now[key])) continue;
      const value = mergeThree(before[key], own[key], now[key]);
      // A section that held only our lines goes with them.
      if (value === undefined || (!(key in before) && isEmpty(value))) continue;
      result[key] = value;
    }
    return result;
  }
  if (live === undefined || canonical(live) === canonical(base)) return found;
  return live;
}

/**
 * The vendor refuses a policy whose rules name a tag or group that it does not define.
 * @type {(merged: PolicyValue, live: PolicyValue) => string[]}
 */
function keepNeeded(merged, live) {
  /** @type {string[]} */
  const kept = [];
  for (const section of ["tagOwners", "groups"]) {
    for (const [name, value] of Object.entries(asObject(live[section]))) {
      if (asObject(merged[section])[name] !== undefined || !Object.values(merged).some((part) => mentions(part, name))) continue;
      partOf(merged, section)[name] = value;
      kept.push(`${section} "${name}"`);
    }
  }
  return kept;
}

/**
 * Edits the found text in place, so that its comments stay; written again only where an edit would not give the value.
 * @type {(text: string, from: PolicyValue, to: PolicyValue) => string}
 */
function editText(text, from, to) {
  let edited = text;
  /** @type {(path: JSONPath, value: unknown, insert?: boolean) => string} */
  const set = (path, value, insert = false) =>
    (edited = jsonc.applyEdits(edited, jsonc.modify(edited, path, value, { ...FORMAT, isArrayInsertion: insert })));
  for (const section of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[section], to[section]];
    if (before !== undefined && after !== undefined && canonical(before) === canonical(after)) continue;
    if (isList(before) && isList(after) && canonical(after.slice(0, before.length)) === canonical(before)) {
      for (const item of after.slice(before.length)) set([section, -1], item, true);
    } else if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        if (after[key] === undefined || before[key] === undefined || canonical(before[key]) !== canonical(after[key]))
          set([section, key], after[key]);
      }
    } else set([section], after);
  }
  try {
    if (canonical(parsePolicy(edited).value) === canonical(to)) return edited;
  } catch {
    // Falls through to the plain form.
  }
  return `${JSON.stringify(to, null, 2)}\n`;
}

/** @type {(value: unknown) => PolicyValue} */
const asObject = (value) => (isObject(value) ? value : {});

/** @type {(value: unknown) => unknown[]} */
const asList = (value) => (isList(value) ? value : []);

/** @type {(value: unknown) => boolean} */
function isEmpty(value) {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
