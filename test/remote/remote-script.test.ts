import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { RemoteScript } from "../../src/remote/remote-script";

describe("a script on a host", () => {
  it("can be told of where `pulumi up --target` leaves the secret that it needs unmade", async () => {
    await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: () => ({}) });
    const script = new RemoteScript(
      "rack-1-join",
      {
        script: "join-tailnet",
        environment: { NODE_NAME: "rack-1" },
        secretFiles: [{ path: "/run/hybrid-k3s/rack-1/auth-key", secret: pulumi.output(undefined as unknown as string) }],
        route: {
          host: { address: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
          keys: pulumi.output({ hostKey: "ssh-ed25519 AAAA" }),
        },
        credentials: { sshAgent: true },
        previous: "rack-1-leave-id",
      },
      {},
    );
    const [stdin, isSecret] = await new Promise<[string | undefined, boolean]>((resolve) => {
      pulumi.all([script.stdin, pulumi.isSecret(script.stdin)]).apply((seen) => resolve(seen));
    });
    assert.equal(isSecret, true);
    assert.match(stdin ?? "", /^\(umask 077 [^\n]*auth-key[^\n]*\nexport NODE_NAME='rack-1'\n/);
  });
});
