import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fields,
  flag,
  listOf,
  mapOf,
  number,
  oneOf,
  optional,
  readFields,
  scalar,
  text,
} from "../../../src/operator-tools/run/read-fields.mjs";
import { machine } from "../../../src/operator-tools/run/tool-input.mjs";

const reader = fields({
  node: text,
  host: machine,
  bastion: optional(machine),
  mode: oneOf("own", "merge"),
  removeData: optional(flag),
  limitSeconds: number,
  ports: listOf(number),
  environment: mapOf(scalar),
});
const host = { address: "192.0.2.10", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" };
const whole = { node: "rack-1", host, mode: "own", limitSeconds: 5, ports: [10250], environment: { A: "", B: 1, C: true } };

describe("the input of a tool", () => {
  it("is read as it was written, without what the tool does not know", () => {
    const read = readFields({ ...whole, host: { ...host, later: 1 }, later: 2 }, reader);
    assert.deepEqual(read, { ...whole, bastion: undefined, removeData: undefined });
  });

  it("is refused with every field that is missing, those of a whole missing part too", () => {
    assert.throws(() => readFields({ node: "", bastion: { address: "192.0.2.1" }, environment: null }, reader), {
      name: "ToolError",
      message:
        "The tool's input lacks node, host.address, host.user, host.hostKey, bastion.user, bastion.hostKey, mode, limitSeconds, ports, environment. " +
        "Run `pulumi up` once to write the state again.",
    });
  });

  it("is refused with every field that is something else than it must be", () => {
    const odd = {
      ...whole,
      node: 7,
      host: "192.0.2.10",
      mode: "none",
      removeData: "yes",
      ports: [22, "x"],
      environment: { A: { b: 1 }, B: "a\0b" },
    };
    assert.throws(() => readFields(odd, reader), {
      name: "ToolError",
      message:
        "In the tool's input node must be text without a NUL byte, host must be an object, mode must be one of own, merge, removeData must be true or false, " +
        "ports.1 must be a number, environment.A must be a text without a NUL byte, a number, true or false, " +
        "environment.B must be a text without a NUL byte, a number, true or false. Run `pulumi up` once to write the state again.",
    });
  });

  it("is no list and no text", () => {
    for (const odd of [[], "x", 7]) assert.throws(() => readFields(odd, reader), /the whole must be an object/);
  });
});
