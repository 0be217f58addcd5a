import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { controlOf } from "../../../lab/console";
import type { RunResult } from "../../../lab/contract";
import { inState } from "../../../lab/paths";
import { newSshKey } from "../../helpers/ssh-key.cjs";
import type { LabContext, Scenario } from "../lab-context";
import { noSsh, watchSsh } from "../ssh-watch";

/** The run succeeds, changes nothing, and nobody logs in anywhere meanwhile. */
export async function assertQuiet({ lab }: LabContext, run: () => Promise<RunResult>): Promise<void> {
  const ssh = await watchSsh(lab);
  const { code, stdout, stderr } = await run();
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\d+ unchanged/);
  assert.deepEqual(await ssh(), noSsh(lab));
}

/** With the settings as they are and the cluster up, there is nothing to do. */
export const secondUp: Scenario = {
  name: "second-up",
  define: (context) => {
    it("changes nothing, and logs in nowhere", async () => {
      await context().ensureCluster();
      await assertQuiet(context(), () => context().stack.up(["--expect-no-changes"]));
    });

    it("takes a rotated SSH key and OAuth secret into the state, and logs in nowhere", async () => {
      const { lab, stack } = context();
      const id = String(stack.settings()["tailscale:oauthClientId"]);
      const { secret } = await controlOf(lab).admin.call("rotateClient", { id });
      await stack.setSecret("tailscale:oauthClientSecret", secret);
      await stack.setSecret("hybrid-k3s:sshPrivateKey", newSshKey().privateKey);
      await assertQuiet(context(), () => stack.up());
      await stack.setSecret("hybrid-k3s:sshPrivateKey", readFileSync(inState("ssh", "operator"), "utf8"));
      await assertQuiet(context(), () => stack.up());
    });

    it("previews no change either, and logs in nowhere", async () => {
      await assertQuiet(context(), () => context().stack.preview(["--expect-no-changes"]));
    });
  },
};
