import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { ensureAuthority, ensureServerCertificate } from "../../lab/control/certificate-authority";
import { planCluster } from "../../src/plan/plan-cluster";
import { HeadscaleVpn } from "../../src/vpn/tailnet/headscale-vpn";
import { baseSettings, configWith } from "../helpers/config-builder";
import { compareWithGolden } from "../helpers/golden";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram } from "../helpers/record-program";
import { loadSupport } from "../helpers/load-support";

interface Headscale {
  readonly state: { policy: string; calls: string[] };
  readonly loginServer: string;
  readonly stop: () => Promise<void>;
}

const POLICY = '{"groups": {"group:ops": ["alice@"]}, "acls": []}';

describe("the program in the mode headscale", () => {
  let directory: string;
  let server: Headscale;
  let caFile: string;
  let apiKey: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "headscale-stack-"));
    const authority = await ensureAuthority(directory, "an authority that nobody trusts");
    const { certificateFile, keyFile } = await ensureServerCertificate(authority, directory, ["localhost"]);
    const { startHeadscale, HEADSCALE_KEY } = await loadSupport<{
      startHeadscale: (options: object) => Promise<Headscale>;
      HEADSCALE_KEY: string;
    }>("headscale-server");
    server = await startHeadscale({ minor: 27, tlsOptions: { cert: readFileSync(certificateFile), key: readFileSync(keyFile) } });
    server.state.policy = POLICY;
    caFile = authority.certificateFile;
    apiKey = HEADSCALE_KEY;
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  it("reads the live policy over the stack's own authority, writes nothing, and registers what the golden file says", async () => {
    const { vpn, sshPrivateKey, ...settings } = baseSettings();
    const { version, operators } = vpn as { version: string; operators: string[] };
    const ofHeadscale = { mode: "headscale", version, operators, loginServer: server.loginServer, caFile };
    const sections = Object.entries({ ...settings, vpn: ofHeadscale }).map(([key, value]) => [`hybrid-k3s:${key}`, JSON.stringify(value)]);
    const secrets = { "hybrid-k3s:sshPrivateKey": String(sshPrivateKey), "hybrid-k3s:headscaleApiKey": apiKey };
    const run = await recordProgram({
      config: { ...(Object.fromEntries(sections) as Record<string, string>), ...secrets },
      secretKeys: Object.keys(secrets),
      stack: "headscale",
      outputsOf: mockedOutputs,
      answers: mockedAnswers,
    });
    assert.equal(server.state.policy, POLICY);
    assert.deepEqual(
      server.state.calls.filter((call) => !call.startsWith("GET ")),
      [],
    );
    // The address and the authority are this run's own.
    const text = JSON.stringify(run)
      .replaceAll(server.loginServer, "https://headscale.example.org")
      .replaceAll(JSON.stringify(readFileSync(caFile, "utf8")).slice(1, -1), "[authority]");
    assert.ok(!text.includes(apiKey));
    compareWithGolden("headscale", JSON.parse(text) as typeof run);
  });

  it("refuses a tailscale that this headscale would drop, by the look that makes nothing", async () => {
    const { tailnet } = planCluster(configWith({ "vpn.version": "1.62.1" }));
    const control = { mode: "headscale", loginServer: server.loginServer, caPem: readFileSync(caFile, "utf8") } as const;
    const vpn = new HeadscaleVpn(tailnet, control, pulumi.secret(apiKey));
    await assert.rejects(
      vpn.readPolicy(),
      /vpn\.version: 1\.62\.1 is older than the oldest tailscale that headscale 0\.27 lets in, 1\.64; nothing was changed/,
    );
  });
});
