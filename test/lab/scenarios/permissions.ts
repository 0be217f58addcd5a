import assert from "node:assert/strict";
import { it } from "node:test";
import { CloudsClient } from "../../../lab/clouds/admin-client";
import { controlOf } from "../../../lab/console";
import type { Lab } from "../../../lab/lab";
import {
  type Permissions,
  comparePermissions,
  findUnlisted,
  readAllPermissions,
  readPermissions,
  recordedSuites,
  writePermissions,
} from "../../../lab/permission-file";
import type { Scenario } from "../lab-context";

/** What the program asked of the clouds and of the tailnet's API since the lab began; what tests ask themselves does not count. */
async function readSeen(lab: Lab): Promise<Permissions> {
  const clouds = new CloudsClient();
  const ofCloud = async (cloud: "aws" | "azure") => (await clouds.admin(cloud, "permissions")) as readonly string[];
  const { requests } = await controlOf(lab).admin.call("requests", {});
  const scopes = [...new Set(requests.flatMap((request) => request.scopes))].sort();
  return { aws: await ofCloud("aws"), azure: await ofCloud("azure"), tailscale: scopes };
}

/** What the credentials were asked for in all scenarios before this one, which is a suite's last: docs/permissions.md is made of it. */
export const permissions: Scenario = {
  name: "permissions",
  define: (context) => {
    it("are those that docs/permissions lists, no more and no fewer", async () => {
      const seen = await readSeen(context().lab);
      assert.ok(seen.tailscale.length > 0, "no request of an OAuth client was recorded");
      const suite = process.env["LAB_SUITE"];
      if (suite === undefined) {
        // Scenarios that somebody chose: they may need less than any suite, and nothing that none needs.
        assert.deepEqual(findUnlisted(seen, readAllPermissions()), []);
        return;
      }
      if (process.env["RECORD_PERMISSIONS"] !== undefined) await writePermissions(suite, seen);
      assert.ok(recordedSuites().includes(suite), `docs/permissions/${suite}.json is missing: \`make permissions\` writes it`);
      assert.deepEqual(comparePermissions(suite, readPermissions(suite), seen), []);
    });
  },
};
