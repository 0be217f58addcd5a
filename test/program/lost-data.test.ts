import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addBurstPools, labSettings, metalPool } from "../../lab/stack-config";
import { warnOfLostData } from "../../src/preview/warn-of-lost-data";
import { keepWarnings } from "../helpers/kept-warnings";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";
import { loadSupport } from "../helpers/load-support";

interface FakeHost {
  readonly port: number;
  readonly key: { readonly publicKey: string };
  readonly seen: { readonly connections: number; readonly commands: readonly string[] };
  install(name: string, script: string): void;
  stop(): Promise<void>;
}

// The cluster of the make-believe first server, in the words of list-node-data.sh's templates.
const K3S = `#!/bin/sh
case $* in
*persistentvolumes*) printf '%s\\n' 'volume pvc-1 default/data' term 'in rack-3' 'volume pvc-2 db/logs' term 'in edge-burst-0' 'volume pvc-3 db/kept' term 'in rack-2' 'volume pvc-4 db/own' term 'in kiosk-1' ;;
*) printf '%s\\n' 'default/data default/web-0' 'default/data default/web-1' ;;
esac
`;

const nodeOf = (name: string, pool: string, tailnetIp = "100.64.0.9") => ({
  name,
  pool,
  role: name === "rack-1" ? "server" : "agent",
  tailnetIp,
});

describe("a preview in which nodes go that volumes are bound to", () => {
  it("names volumes and pods, says what up will do, and asks the first server once", async (t) => {
    const { newKey, startHost } = await loadSupport<{
      newKey: () => { publicKey: string; privateKey: string };
      startHost: (settings: object) => Promise<FakeHost>;
    }>("ssh-host");
    const operator = newKey();
    const server = await startHost({ accepts: [operator.publicKey] });
    t.after(() => server.stop());
    server.install("k3s", K3S);
    const warnings = keepWarnings();
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    const [rack] = metalPool(stack, "rack").hosts;
    Object.assign(rack ?? assert.fail("no first server"), { address: "127.0.0.1", port: server.port, hostKey: server.key.publicKey });
    const before = [
      nodeOf("rack-1", "rack"),
      nodeOf("rack-2", "metal"),
      nodeOf("rack-3", "metal"),
      nodeOf("kiosk-1", "edge"),
      nodeOf("edge-burst-0", "burst"),
      nodeOf("edge-old-0", "old"),
      // It never became a node.
      nodeOf("kiosk-9", "edge", ""),
    ];
    const given = runOf("lab", stack, {
      answers: { ...mockedAnswers, "pulumi:pulumi:readStackOutputs": { outputs: { nodes: before } } },
      unmade: ["kiosk-1-drain"],
    });
    await recordProgram({ ...given, config: { ...given.config, "hybrid-k3s:sshPrivateKey": operator.privateKey } });

    assert.deepEqual([...warnings].sort(), [
      "edge-burst-0 is removed, and with it goes what no other node can use: volume pvc-2 (claim db/logs). " +
        "removeData of pool burst is true, so the data goes without another question.",
      "kiosk-1 is replaced, and with it goes what no other node can use: volume pvc-4 (claim db/own). " +
        "removeData of pool edge is false, so pulumi up refuses that.",
      "rack-3 is removed, and with it goes what no other node can use: volume pvc-1 (claim default/data, pods default/web-0 default/web-1). " +
        "removeData of pool metal is false, so pulumi up refuses that.",
    ]);
    assert.equal(server.seen.connections, 1);
    assert.match(server.seen.commands.join("\n"), /^sudo -n timeout -k 10 62 sh -s -- list-node-data$/m);
  });

  it("warns where the first server does not tell, and does not ask it where no node goes", async () => {
    const warnings = keepWarnings();
    const plan = { nodes: [], servers: [], firstServer: { name: "rack-1" }, removals: {} };
    const context = { plan, ssh: { sshAgent: false } } as unknown as Parameters<typeof warnOfLostData>[0];
    const machine = { name: "rack-1", host: { address: "192.0.2.1", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" } };
    await warnOfLostData(context, [], [machine], (_input, nodes) => Promise.reject(new Error(`${nodes.length} nodes, no answer`)));
    assert.deepEqual(warnings, [
      "Whether volumes are lost with rack-2, rack-3, kiosk-1, edge-burst-0, edge-old-0 could not be seen: 5 nodes, no answer",
    ]);
  });
});
