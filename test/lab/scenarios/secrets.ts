import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { controlOf } from "../../../lab/console";
import type { ArgvRecorder } from "../../../lab/hosts/argv-recorder";
import { runOrFail } from "../../../lab/hosts/run-command";
import type { HostName } from "../../../lab/hosts/topology";
import { inState } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { type Checkout, makeOtherCheckout } from "../other-checkout";
import { type Secret, inArguments, inFiles, keyLines, onHost, secretsIn } from "../secret-search";
import { clusterSecrets, operatorSecrets, secretSetting } from "../stack-secrets";

const hosts = ["rack-1", "rack-2", "kiosk-1"] as const;

/** What the engine printed, by the command that made it do so. */
type Printed = { readonly command: string; readonly text: string }[];

async function runEngine(printed: Printed, command: string, run: ReturnType<LabContext["stack"]["up"]>): Promise<string> {
  const { code, stdout, stderr } = await run;
  printed.push({ command, text: stdout + stderr });
  assert.equal(code, 0, `${command} failed:\n${stdout}\n${stderr}`);
  return stdout;
}

/** All places but arguments, which a recorder sees only while it runs. */
async function findSecrets(context: LabContext, secrets: readonly Secret[], printed: Printed): Promise<string[]> {
  const perHost = await Promise.all(hosts.map((name) => onHost(context.lab.host(name), secrets)));
  return [
    ...printed.flatMap(({ command, text }) => secretsIn(text, secrets).map((name) => `output of ${command}: ${name}`)),
    ...secretsIn(await context.stack.exportState(), secrets).map((name) => `stack export: ${name}`),
    ...inFiles(inState("pulumi"), secrets),
    ...perHost.flat(),
  ];
}

/** Another OAuth secret for the stack's client; the old one is worth nothing from now on. */
async function rotateClient(context: LabContext): Promise<Record<string, string>> {
  const id = String(context.stack.settings()["tailscale:oauthClientId"]);
  const { secret } = await controlOf(context.lab).admin.call("rotateClient", { id });
  await context.stack.setSecret("tailscale:oauthClientSecret", secret);
  return { TAILSCALE_OAUTH_CLIENT_ID: id, TAILSCALE_OAUTH_CLIENT_SECRET: secret };
}

/** Opens hosts to this public key, and to no other. */
async function authorize({ lab }: LabContext, names: readonly HostName[], publicKey: string): Promise<void> {
  const write = async (name: HostName) => {
    const { user } = lab.host(name).spec;
    await lab.host(name).exec(`cat >~${user}/.ssh/authorized_keys`, { input: publicKey });
  };
  await Promise.all(names.map(write));
}

/** No secret is seen by anybody who was not given it, and one that was replaced strands nothing. */
export const secrets: Scenario = {
  name: "secrets",
  define: (context) => {
    const printed: Printed = [];
    const known: Secret[] = [];
    const folder = mkdtempSync(join(tmpdir(), "rotated-key-"));
    let recorder: ArgvRecorder;
    let checkout: Checkout | undefined;
    after(() => {
      checkout?.remove();
      rmSync(folder, { recursive: true });
    });

    it("bring a cluster up while all programs are recorded", async () => {
      await context().ensureEmpty();
      known.push(...(await operatorSecrets(context())));
      const making = makeOtherCheckout();
      recorder = await context().lab.recordArguments();
      await runEngine(printed, "up", context().stack.up());
      checkout = await making;
      known.push(...(await clusterSecrets(context(), ["rack-2", "kiosk-1"])));
    });

    it("let a node leave from another checkout, with credentials that were rotated since", async () => {
      assert.ok(checkout);
      const { stack } = context();
      const settings = stack.settings();
      const everywhere = [...hosts, "bastion"] as const;
      await runOrFail(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
      known.push(...keyLines("rotated SSH key", readFileSync(join(folder, "key"), "utf8")));
      const client = await rotateClient(context());
      known.push({ name: "rotated OAuth secret", value: await secretSetting(context(), "tailscale:oauthClientSecret") });
      await authorize(context(), everywhere, readFileSync(join(folder, "key.pub"), "utf8"));
      const env = { ...client, HYBRID_K3S_SSH_PRIVATE_KEY_FILE: join(folder, "key") };
      stack.removeHost("rack-2");
      const changes = ["--diff", "--json"].map((flag) =>
        runEngine(printed, `preview ${flag}`, stack.preview([flag], { cwd: checkout?.root ?? "", env })),
      );
      await Promise.all(changes);
      await runEngine(printed, "up without rack-2", stack.up([], { cwd: checkout.root, env }));
      await authorize(context(), everywhere, readFileSync(inState("ssh", "operator.pub"), "utf8"));

      assert.equal((await context().lab.host("rack-2").run(["test", "-e", "/etc/hybrid-k3s"])).code, 1);
      const { devices } = await controlOf(context().lab).admin.call("listDevices");
      assert.deepEqual(devices.map(({ hostname }) => hostname).sort(), ["kiosk-1", "operator", "rack-1"]);
      await context().stack.saveKubeconfig();
      assert.equal(
        (await context().kubectl(["get", "nodes", "-o", "name"])).stdout.trim().split("\n").sort().join(" "),
        "node/kiosk-1 node/rack-1",
      );
      stack.edit((edited) => Object.assign(edited, { "hybrid-k3s:pools": settings["hybrid-k3s:pools"] }));
    });

    it("show none in arguments, output, state, logs or files that anybody can read", async () => {
      const whileUp = await findSecrets(context(), known, printed);
      await runEngine(printed, "destroy", context().stack.destroy());
      const programs = await recorder.stop();
      assert.ok(
        programs.some(({ place, argv }) => place === "kiosk-1" && argv.includes("install-k3s")),
        "nothing was recorded on hosts",
      );
      assert.ok(
        programs.some(({ place, argv }) => place === "elsewhere" && argv.includes("operator-tools/cleanup.mjs")),
        "nothing at the operator",
      );
      assert.deepEqual([...whileUp, ...inArguments(programs, known), ...(await findSecrets(context(), known, printed))], []);
    });

    it("are found in each of these places where they are leaked on purpose", async () => {
      const token = known.find(({ name }) => name === "k3s agent-token")?.value ?? "";
      const inBase64 = Buffer.from(`--token=${token}`).toString("base64");
      const { lab } = context();
      const [rack1, rack2] = [lab.host("rack-1"), lab.host("rack-2")];
      const again = await lab.recordArguments();
      // The text of a program on standard input is no argument, those of the programs that it starts are.
      await lab.operator.ssh("rack-1", ["sh"], { input: `/bin/true --token=${token}\n` });
      await lab.operator.run(["sh"], { input: `/bin/true ${inBase64}\n` });
      const leaked = inArguments(await again.stop(), known);
      const planted = inState("pulumi", "planted.json");
      writeFileSync(planted, JSON.stringify({ stdout: token }));
      await rack1.exec("systemd-cat -t planted cat", { input: `joined with ${token}\n` });
      await rack1.writeFile("/var/log/planted.log", inBase64, "0600");
      await rack2.writeFile("/tmp/planted", token, "0644");
      const said = [{ command: "planted", text: `creating (${inBase64})` }];
      const found = await findSecrets(context(), known, said);
      rmSync(planted);
      await rack1.exec("rm /var/log/planted.log; journalctl --rotate --quiet; journalctl --vacuum-time=1s --quiet");
      await rack2.exec("rm /tmp/planted");

      const name = "k3s agent-token";
      assert.deepEqual(leaked.sort(), [`argv of /bin/true at elsewhere: ${name}`, `argv of /bin/true at rack-1: ${name}`]);
      const expected = [
        `output of planted: ${name}`,
        `${planted}: ${name}`,
        "rack-1: journal: ",
        "rack-1: log /var/log/planted.log",
        "rack-2: world-readable /tmp/planted",
      ];
      for (const line of expected)
        assert.ok(
          found.some((each) => each.startsWith(line)),
          `${line} is not in ${found.join("; ")}`,
        );
    });
  },
};
