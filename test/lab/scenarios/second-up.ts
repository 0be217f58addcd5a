import assert from "node:assert/strict";
import { it } from "node:test";
import type { RunResult } from "../../../lab/contract";
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

    it("previews no change either, and logs in nowhere", async () => {
      await assertQuiet(context(), () => context().stack.preview(["--expect-no-changes"]));
    });
  },
};
