import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { openSession } from "../../../src/operator-tools/ssh/open-session.mjs";
import { newKey, startHost } from "../support/ssh-host.mjs";

describe("a pinned host key", () => {
  const operator = newKey();

  it("is shown the pinned key by hosts and bastions that hold RSA beside it, or negotiate Ed25519 alone", async (t) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const otherKeys = [{ privateKey: privateKey.export({ type: "pkcs1", format: "pem" }) }];
    const [beside, alone] = await Promise.all([
      startHost({ accepts: [operator.publicKey], otherKeys }),
      startHost({ accepts: [operator.publicKey], otherKeys, negotiates: ["ssh-ed25519"] }),
    ]);
    t.after(() => Promise.all([beside.stop(), alone.stop()]));
    for (const target of [
      { host: beside.target(), bastion: alone.target("jump") },
      { host: alone.target(), bastion: beside.target("jump") },
    ]) {
      const session = await openSession(
        { name: "rack-1", ...target },
        { privateKey: operator.privateKey, bastionPrivateKey: operator.privateKey },
        { connectMs: 3000 },
      );
      assert.equal((await session.run("echo in", { limitMs: 5000 })).stdout, "in\n");
      session.close();
    }
  });
});
