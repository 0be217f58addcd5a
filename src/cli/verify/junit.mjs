import { titleOf } from "./titles.mjs";

/** @import { Case } from "./judge.mjs" */

// XML 1.0 allows no other control characters, not even as references.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/** @type {(text: string) => string} */
const escape = (text) =>
  text.replace(CONTROL, " ").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * Every check as a test case, in the form that CI systems read (https://github.com/testmoapp/junitxml).
 * @type {(cases: readonly Case[], seconds: number) => string}
 */
export function renderJunit(cases, seconds) {
  const count = (/** @type {Case["verdict"]} */ verdict) => cases.filter((one) => one.verdict === verdict).length;
  const counts = `tests="${cases.length}" failures="${count("failed")}" skipped="${count("unable")}" time="${seconds.toFixed(3)}"`;
  const lines = cases.map((one) => {
    const name = one.to === "" ? one.from : `${one.from} -> ${one.to}`;
    const head = `    <testcase classname="${escape(titleOf(one.check))}" name="${escape(name)}"`;
    if (one.verdict === "passed") return `${head}/>`;
    const inner = one.verdict === "failed" ? `<failure message="${escape(one.seen)}"/>` : `<skipped message="${escape(one.seen)}"/>`;
    return `${head}>${inner}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="hybrid-k3s verify" ${counts}>`,
    ...lines,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
