import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { adminTag, controlOf } from "../../../lab/console";
import type { Fault } from "../../../lab/tailscale-api/faults";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess } from "../nodes-view";
import { ShopStack, companyPolicy, isOwnTest, linesBut, livePolicy, policyWrites, savePolicy } from "../shared-tailnet";

const COMPANY = companyPolicy("acls");
const WRITE = { method: "POST", path: "/acl$" } as const;
const ALWAYS = 1000;

interface Refusal {
  readonly what: string;
  readonly fault?: Fault;
  readonly env?: (context: LabContext) => Promise<Record<string, string>>;
  /** What the operator reads: what was tried, the answer, the remedy. */
  readonly says: readonly RegExp[];
}

/** The credential of a client that has these scopes only. */
const clientWith =
  (...scopes: string[]) =>
  async ({ lab }: LabContext): Promise<Record<string, string>> => {
    const { id, secret } = await controlOf(lab).admin.call("createClient", { scopes, tags: [adminTag] });
    return { TAILSCALE_OAUTH_CLIENT_ID: id, TAILSCALE_OAUTH_CLIENT_SECRET: secret };
  };

const REFUSALS: readonly Refusal[] = [
  {
    what: "401 at the first reading",
    fault: { method: "GET", path: "/acl$", times: ALWAYS, status: 401 },
    says: [/could not be read at https:\/\/api\.tailscale\.com; nothing was changed/, /API token invalid/, /credential is a current one/],
  },
  {
    what: "401 at the writing",
    fault: { ...WRITE, times: ALWAYS, status: 401 },
    says: [/POST \S+\/acl at \S+ was refused \(401: API token invalid\)/, /token is not accepted: give a current credential/],
  },
  {
    what: "403, a client without the scope policy_file",
    env: clientWith("auth_keys", "devices:core"),
    says: [/GET \S+\/acl at \S+ was refused \(403: /, /lacks the scope policy_file \(write\)/],
  },
  {
    what: "403, a client that may only read the policy",
    env: clientWith("auth_keys", "devices:core", "policy_file:read"),
    says: [/POST \S+\/acl at \S+ was refused \(403: /, /lacks the scope policy_file \(write\)/, /admin\/settings\/oauth/],
  },
  {
    what: "404, another tailnet",
    env: () => Promise.resolve({ TAILSCALE_TAILNET: "other.example" }),
    says: [
      /policy of tailnet other\.example could not be read at \S+; nothing was changed/,
      /tailnet not found/,
      /tailscale:tailnet names yours/,
    ],
  },
  {
    what: "412 each time for a policy that nobody changes",
    fault: { ...WRITE, times: ALWAYS, status: 412 },
    says: [
      /refused each of 6 times to have the policy written, .* read the same each time/,
      /Nothing was overwritten\. Check tailscale:baseUrl/,
    ],
  },
  {
    what: "429 with a longer Retry-After than there is patience",
    fault: { ...WRITE, times: ALWAYS, status: 429, retryAfterSeconds: 3600 },
    says: [/did not serve POST \S+\/acl within 45 s \(last: 429: /, /run the same command again/],
  },
  {
    what: "500 without an end",
    fault: { ...WRITE, times: ALWAYS, status: 500 },
    says: [/did not serve POST \S+\/acl within 45 s \(last: 500: /, /status\.tailscale\.com/],
  },
];

const PASSING: readonly { readonly what: string; readonly fault: Fault; readonly writes: readonly number[] }[] = [
  { what: "429 with Retry-After", fault: { ...WRITE, times: 2, status: 429, retryAfterSeconds: 1 }, writes: [429, 429, 200] },
  {
    what: "a proxy's 502",
    fault: { ...WRITE, times: 1, status: 502, body: "<html>bad gateway</html>" },
    writes: [502, 200],
  },
  { what: "a time-out before the write", fault: { ...WRITE, times: 1, hang: "before" }, writes: [0, 200] },
  { what: "a time-out after the write, which is not done twice", fault: { ...WRITE, times: 1, hang: "after" }, writes: [0, 412] },
];

/** Whatever the tailnet's API answers: the policy is whole, or as it was with a message that says what to do. */
export const tailnetFaults: Scenario = {
  name: "tailnet-faults",
  define: (given) => {
    let context: LabContext;
    let shop: ShopStack;
    let whole = "";
    let lacking = "";
    const admin = () => controlOf(context.lab).admin;

    before(async () => {
      context = given();
      await context.ensureEmpty();
      await savePolicy(context.lab, COMPANY);
      shop = await ShopStack.create(context.lab);
      await expectSuccess(shop.up());
      whole = await livePolicy(context.lab);
      lacking = linesBut(whole, isOwnTest);
      await savePolicy(context.lab, lacking);
    });

    for (const { what, fault, env, says } of REFUSALS) {
      it(`tells what to do on ${what}, and leaves the policy as it was`, async () => {
        const credentials = await env?.(context);
        if (fault !== undefined) await admin().call("addFault", fault);
        const said = await expectFailure(shop.up([], credentials));
        await admin().call("clearFaults");
        for (const line of says) assert.match(said, line);
        assert.equal(await livePolicy(context.lab), lacking);
      });
    }

    for (const { what, fault, writes } of PASSING) {
      it(`gets over ${what}`, async () => {
        await savePolicy(context.lab, lacking);
        await admin().call("addFault", fault);
        const since = new Date().toISOString();
        await expectSuccess(shop.up());
        assert.deepEqual(await policyWrites(context.lab, since), writes);
        assert.equal(await livePolicy(context.lab), whole);
      });
    }

    it("takes its lines out of a file of acls, byte by byte", async () => {
      await expectSuccess(shop.destroy());
      assert.equal(await livePolicy(context.lab), COMPANY);
    });

    after(async () => {
      await admin().call("clearFaults");
      await shop.destroy();
      await savePolicy(context.lab, context.before.policy);
    });
  },
};
