import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readInAws, readInAzure } from "../../docs/generate/read-permissions";
import { type Service, readAllPermissions, readPermissions, recordedSuites } from "../../lab/permission-file";
import { SUITES } from "../suites";
import { checkout, readPage } from "./pages";

const FORMS: Readonly<Record<Service, RegExp>> = {
  aws: /^(ec2|ssm):[A-Z][A-Za-z]+$/,
  azure: /^Microsoft\.[A-Z][A-Za-z]+(\/[A-Za-z]+)+\/(read|write|delete|[a-zA-Z]+\/action)$/,
  tailscale: /^[a-z_]+(:[a-z]+)?(:read)?$/,
};
const all = readAllPermissions();

describe("docs/permissions", () => {
  it("has a list for each suite whose last scenario compares with it, and no other", () => {
    const comparing = SUITES.filter(({ env }) => env?.["LAB_SCENARIOS"]?.endsWith(",permissions"));
    assert.ok(comparing.length >= 6, `${comparing.length} suites`);
    assert.deepEqual(recordedSuites(), comparing.map(({ name }) => name).sort());
    const target = /RECORD_PERMISSIONS.* test\/run\.ts (.+)$/m.exec(readFileSync(join(checkout, "Makefile"), "utf8"))?.[1];
    assert.deepEqual(target?.split(" ").sort(), recordedSuites(), "`make permissions`");
    for (const { name, env } of comparing) assert.equal(env?.["LAB_SUITE"], name);
  });

  it("lists what each suite needs once, in order, in the services' own words", () => {
    for (const suite of recordedSuites())
      for (const [service, names] of Object.entries(readPermissions(suite)) as [Service, readonly string[]][]) {
        assert.deepEqual(names, [...new Set(names)].sort(), `${suite}, ${service}`);
        for (const name of names) assert.match(name, FORMS[service], suite);
      }
  });

  it("leaves to reading what no suite saw", () => {
    assert.deepEqual(
      [...readInAws, ...readInAzure].map(({ name }) => name).filter((name) => [...all.aws, ...all.azure].includes(name)),
      [],
      "docs/generate/read-permissions.ts tells of what the lab sees",
    );
  });
});

describe("docs/permissions.md", () => {
  const { fences } = readPage("docs/permissions.md");
  const [policy, role] = fences.map((fence) => JSON.parse(fence.replace(/^json\n/, "")) as Record<string, unknown>);

  it("has an IAM policy of exactly what is seen and read", () => {
    const [statement, ...others] = policy?.["Statement"] as readonly { Effect: string; Action: readonly string[] }[];
    assert.deepEqual([statement?.Effect, others], ["Allow", []]);
    assert.deepEqual(statement?.Action, [...all.aws, ...readInAws.map(({ name }) => name)].sort());
  });

  it("has an Azure role of exactly what is seen and read", () => {
    assert.deepEqual(role?.["Actions"], [...all.azure, ...readInAzure.map(({ name }) => name)].sort());
  });
});
