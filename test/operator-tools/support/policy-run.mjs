import jsonc from "jsonc-parser";
import { readPolicy, removePolicy, writePolicy } from "../../../src/operator-tools/policy/policy-resource.mjs";
import { PREPARED_TAILNET, OWN, POD_CIDR, TAG } from "./policy-texts.mjs";
import { recordOutput } from "./recorder.mjs";
import { startTailnet } from "./tailnet-server.mjs";

const LIMITS = { api: { requestMs: 300, totalMs: 6000, firstPauseMs: 20, longestPauseMs: 100 } };

export const parsePolicy = (text) => jsonc.parse(text, [], { allowTrailingComma: true });
export const CLUSTER = {
  name: "edge",
  tag: TAG,
  tagOwners: OWN.tagOwners,
  podCidr: POD_CIDR,
  operators: ["group:ops"],
  nodePorts: [10250],
};

/** What an earlier run left, as the next one is told. */
export const leftBy = (mode, more) => ({ before: { mode, document: OWN.ours, ...more } });

/** The verbs of the policy resource against a tailnet of their own; `fresh` starts each test. */
export async function policyRun() {
  const tailnet = await startTailnet();
  let out;
  const input = (more = {}) => ({
    v: 1,
    tailnet: tailnet.access(),
    mode: "own",
    document: OWN.ours,
    policyCluster: CLUSTER,
    groups: OWN.groups,
    ...more,
  });
  const verb =
    (run) =>
    async (more = {}) => {
      out = recordOutput();
      await run(input(more), { env: {}, out, limits: LIMITS });
      return JSON.parse(out.written.stdout || "{}");
    };
  return {
    tailnet,
    write: verb(writePolicy),
    read: verb(readPolicy),
    remove: verb(removePolicy),
    said: () => out.written.stderr,
    /** Writes that were tried, those that came to nothing included. */
    attempts: () => tailnet.state.calls.filter((call) => /^POST .*\/acl$/.test(call)).length,
    live: () => parsePolicy(tailnet.state.policy),
    edit(change) {
      const value = parsePolicy(tailnet.state.policy);
      change(value);
      tailnet.state.policy = JSON.stringify(value);
    },
    fresh: (policy = PREPARED_TAILNET) =>
      Object.assign(tailnet.state, { policy, faults: [], calls: [], written: [], beforeWrite: undefined, failingTests: undefined }),
  };
}
