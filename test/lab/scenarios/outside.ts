import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { addresses } from "../../../lab/hosts/topology";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { checkoutRoot, inState } from "../../../lab/paths";
import { API_PORT, KUBELET_PORT, opens } from "../foreign-device";
import { hostsOf, tailnetAddresses } from "../node-network";
import type { Scenario } from "../lab-context";

/** The two commands that the docs give to people outside the tailnet. */
function docsRecipe(): { tunnel: string; kubectl: string } {
  const page = readFileSync(join(checkoutRoot, "docs/getting-started.md"), "utf8");
  const found = /^(ssh -N -L .*) &\n(kubectl .*)$/m.exec(page);
  assert.ok(found?.[1] && found[2], "docs/getting-started.md has no recipe of an ssh -N -L line and a kubectl line");
  return { tunnel: found[1], kubectl: found[2] };
}

/** The API server for people who are not in the tailnet, and for everyone else. */
export const outside: Scenario = {
  name: "outside",
  define: (context) => {
    it("lets people outside the tailnet in by the docs' ssh recipe, and only so", async () => {
      await context().ensureCluster();
      const { lab, stack } = context();
      const outsider = await lab.wanMachine("outsider");
      const recipe = docsRecipe();
      const { nodes } = await stack.outputs();
      const [, login, port] =
        /^(.*):(\d+)$/.exec((nodes as { role: string; ssh: string }[]).find(({ role }) => role === "server")?.ssh ?? "") ?? [];
      const tunnel = recipe.tunnel.replace("-p 22 ops@192.0.2.10", `-p ${port ?? ""} ${login ?? ""}`);
      // The operator's folder has the file that the recipe calls kubeconfig.
      const kubectl = () => outsider.run(["sh", "-c", recipe.kubectl], { cwd: inState("operator"), timeoutMs: 20_000 });

      assert.notEqual((await kubectl()).code, 0);
      const ending = new AbortController();
      const running = outsider.run(["sh", "-c", `exec ${tunnel}`], { signal: ending.signal });
      try {
        const stdout = await waitUntil(
          "the docs' kubectl command lists the nodes through the docs' tunnel",
          async () => {
            const result = await kubectl();
            if (result.code !== 0) throw new Error(result.stderr);
            return result.stdout;
          },
          { timeoutMs: 20_000 },
        );
        assert.deepEqual(
          stdout.match(/^\S+ +Ready\b/gm)?.map((line) => line.split(" ")[0]),
          ["kiosk-1", "rack-1", "rack-2"],
        );
      } finally {
        ending.abort();
        await running;
      }
      assert.notEqual((await kubectl()).code, 0);
    });

    it("has neither the API server nor a kubelet open to the internet", async () => {
      const { lab } = context();
      const outsider = await lab.wanMachine("outsider");
      const places = [addresses.natA, addresses.natB, addresses.bastion].flatMap((address) =>
        [API_PORT, KUBELET_PORT].map((port) => ({ address, port })),
      );
      const open = await Promise.all(
        places.map(async ({ address, port }) => ({ address, port, open: await opens(lab, outsider, address, port) })),
      );
      assert.deepEqual(
        open.filter((place) => place.open),
        [],
      );
      // The way in is there: only these ports are shut.
      assert.ok(await opens(lab, outsider, addresses.natA, 2201));
    });

    it("opens to operators in the tailnet the API server and nothing else", async () => {
      const { lab } = context();
      const seen = await Promise.all(
        hostsOf(lab).map(async (host) => {
          const [address = ""] = await tailnetAddresses(host);
          const ports = [22, API_PORT, KUBELET_PORT];
          const open = await Promise.all(ports.map((port) => opens(lab, lab.operator, address, port)));
          return [host.name, ports.filter((_, i) => open[i])];
        }),
      );
      assert.deepEqual(Object.fromEntries(seen), { "rack-1": [API_PORT], "rack-2": [], "kiosk-1": [] });
    });
  },
};
