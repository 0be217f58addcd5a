import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CommandHost, DeafPort, HangUp, newKeyPair } from "./command-host";
import { type CommandSpec, createCommandProject, setResources } from "./command-project";
import type { PulumiProject, PulumiRun } from "./language-project";

describe("the command provider's remote.Command", { concurrency: 2 }, () => {
  let host: CommandHost;
  const projects: PulumiProject[] = [];

  before(async () => {
    host = await CommandHost.start();
  });

  after(async () => {
    await Promise.all(projects.map((project) => project.remove()));
    await host.stop();
  });

  async function newProject(): Promise<PulumiProject> {
    const project = await createCommandProject();
    projects.push(project);
    return project;
  }

  const remote = (args: Readonly<Record<string, unknown>>, more: Partial<CommandSpec> = {}): CommandSpec => ({
    kind: "remote",
    args: { connection: host.connection, ...args },
    ...more,
  });

  async function upOne(spec: CommandSpec): Promise<PulumiRun> {
    const project = await newProject();
    await setResources(project, { one: spec });
    return project.up();
  }

  it("refuses a property that it does not know, one of a wrong type and a missing one", async () => {
    const project = await newProject();
    await setResources(project, { one: remote({ create: "true", connection: { user: "ops", port: "ssh", colour: "red" } }) });
    const { code, output } = await project.preview();
    assert.notEqual(code, 0);
    for (const property of ["host", "port", "colour"])
      assert.match(output, new RegExp(`error: command:remote:Command resource 'one': .*${property}`));
  });

  it("tells the exit status, the whole command text and all output when the command fails, even with logging none", async () => {
    const { code, output } = await upOne(remote({ create: 'echo "to out"; echo to-err >&2; exit 3', logging: "none" }));
    assert.notEqual(code, 0);
    assert.ok(output.includes('Process exited with status 3: running "echo \\"to out\\"; echo to-err >&2; exit 3":'), output);
    assert.match(output, /^ *to out$/m);
    assert.match(output, /^ *to-err$/m);
  });

  it("fails without running the command when the server refuses a variable of `environment`", async () => {
    const { code, output } = await upOne(remote({ create: "echo env-refused-ran", environment: { SOME_SETTING: "1" } }));
    assert.notEqual(code, 0);
    assert.match(output, /could not set environment variable "SOME_SETTING": ssh: setenv failed/);
    assert.ok(!host.commands.includes("echo env-refused-ran"));
  });

  it("accepts no host key but the pinned one, and counts that as a dial error", async () => {
    const { code, output } = await upOne(
      remote({ create: "echo wrong-key-ran", connection: { ...host.connection, hostKey: newKeyPair().public, dialErrorLimit: 1 } }),
    );
    assert.notEqual(code, 0);
    assert.match(output, /after 1 failed attempts: ssh: handshake failed: ssh: host key mismatch/);
    assert.ok(!host.commands.includes("echo wrong-key-ran"));
  });

  it("counts a refused login as a dial error", async () => {
    const { code, output } = await upOne(
      remote({ create: "echo no-login-ran", connection: { ...host.connection, privateKey: newKeyPair().private, dialErrorLimit: 1 } }),
    );
    assert.notEqual(code, 0);
    assert.match(
      output,
      /after 1 failed attempts: ssh: handshake failed: ssh: unable to authenticate, attempted methods \[none publickey\]/,
    );
  });

  it("makes one attempt more than dialErrorLimit, with pauses that grow from 0.1 s by half", async () => {
    const hangUp = await HangUp.start();
    const connection = { ...host.connection, port: hangUp.port, dialErrorLimit: 4 };
    const { code, output } = await upOne(remote({ create: "true", connection }));
    await hangUp.stop();
    assert.notEqual(code, 0);
    assert.match(output, /after 4 failed attempts/);
    const pauses = hangUp.attempts.slice(1).map((at, index) => at - (hangUp.attempts[index] ?? 0));
    assert.equal(pauses.length, 4);
    for (const [index, pause] of pauses.entries()) {
      const expected = 100 * 1.5 ** index;
      assert.ok(pause >= expected - 5 && pause < expected + 1500, `pause ${index}: ${pause} ms, expected ${expected}`);
    }
  });

  it("gives a TCP connection that is never answered up after perDialTimeout", async () => {
    const deaf = await DeafPort.start();
    const started = performance.now();
    const { code, output } = await upOne(
      remote({ create: "true", connection: { ...host.connection, port: deaf.port, dialErrorLimit: 1, perDialTimeout: 1 } }),
    );
    await deaf.stop();
    assert.notEqual(code, 0);
    assert.match(output, /after 1 failed attempts: dial tcp \S+: i\/o timeout/);
    assert.ok(performance.now() - started > 2000);
  });

  it("opens no connection in a preview", async () => {
    const hangUp = await HangUp.start();
    const project = await newProject();
    await setResources(project, { one: remote({ create: "true", connection: { ...host.connection, port: hangUp.port } }) });
    const { code } = await project.preview();
    await hangUp.stop();
    assert.equal(code, 0);
    assert.equal(hangUp.attempts.length, 0);
  });

  it("reaches the host through the proxy", async () => {
    const { code, output } = await upOne(
      remote({ create: "echo through-proxy", connection: { ...host.connection, proxy: host.connection } }),
    );
    assert.equal(code, 0, output);
    assert.ok(host.commands.includes("echo through-proxy"));
  });

  it("keeps secret inputs secret in state, but neither stdout nor stderr that repeats them", async () => {
    const project = await newProject();
    await setResources(project, {
      one: remote({ create: "cat; echo err >&2", stdin: "marker-a1b2\n\n", logging: "none" }, { secret: ["stdin"] }),
      hidden: remote(
        { create: "cat", stdin: "marker-c3d4", logging: "none" },
        { secret: ["stdin"], options: { additionalSecretOutputs: ["stdout"] } },
      ),
    });
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    assert.ok(!output.includes("marker-"));
    const { one, hidden } = await project.state();
    assert.equal(one?.outputs["stdout"], "marker-a1b2\n", "one trailing newline is taken off");
    assert.equal(one?.outputs["stderr"], "err");
    for (const value of [
      one?.inputs["stdin"],
      one?.outputs["stdin"],
      one?.inputs["connection"],
      one?.outputs["connection"],
      hidden?.outputs["stdout"],
    ]) {
      assert.ok(value instanceof Object && "ciphertext" in value, JSON.stringify(value));
    }
  });

  it("updates in place on any change but that of triggers, which replaces", async () => {
    const project = await newProject();
    const log = (name: string): string => join(project.folder, `ran-${name}`);
    const spec = (name: string, more: Readonly<Record<string, unknown>> = {}): CommandSpec => {
      const note = (what: string): string => `echo "${what} $(cat)" >>${log(name)}`;
      return remote({
        create: note("create"),
        delete: note("delete"),
        addPreviousOutputInEnv: false,
        stdin: "1",
        triggers: ["a"],
        ...more,
      });
    };
    const changes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      nothing: {},
      stdin: { stdin: "2" },
      connection: { connection: { ...host.connection, perDialTimeout: 9 } },
      update: { update: `echo update >>${log("update")}` },
      delete: { delete: "true" },
      triggers: { triggers: ["b"], stdin: "2" },
    };
    const names = Object.keys(changes);
    await setResources(project, Object.fromEntries(names.map((name) => [name, spec(name)])));
    assert.equal((await project.up()).code, 0);
    await setResources(project, Object.fromEntries(names.map((name) => [name, spec(name, changes[name])])));
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const ran = names.map(async (name) => [name, (await readFile(log(name), "utf8")).trim().split("\n")] as const);
    assert.deepEqual(Object.fromEntries(await Promise.all(ran)), {
      nothing: ["create 1"],
      stdin: ["create 1", "create 2"],
      connection: ["create 1", "create 1"],
      update: ["create 1", "update"],
      delete: ["create 1", "create 1"],
      // The new one is made before the old one is deleted with its own inputs.
      triggers: ["create 1", "create 2", "delete 1"],
    });
  });

  it("warns where the server refuses the previous output, passes it where it does not, and leaves it out on request", async () => {
    const project = await newProject();
    const log = (name: string): string => join(project.folder, `previous-${name}`);
    const update = async (stdin: string): Promise<string> => {
      const spec = (name: string, more: Readonly<Record<string, unknown>> = {}): CommandSpec =>
        remote({ create: `echo "[$PULUMI_COMMAND_STDOUT]" >>${log(name)}; echo first`, stdin, ...more });
      await setResources(project, { given: spec("given"), without: spec("without", { addPreviousOutputInEnv: false }) });
      const { code, output } = await project.up();
      assert.equal(code, 0, output);
      return output;
    };
    await update("1");
    const refused = await update("2");
    assert.match(refused, /remote:Command \(given\):\n *warning: Unable to set 'PULUMI_COMMAND_STDOUT'/);
    assert.doesNotMatch(refused, /remote:Command \(without\)/);
    host.acceptedVariables.add("PULUMI_COMMAND_STDOUT");
    assert.ok(!(await update("3")).includes("Unable to set"));
    assert.equal(await readFile(log("given"), "utf8"), "[]\n[]\n[first]\n");
    assert.equal(await readFile(log("without"), "utf8"), "[]\n[]\n[]\n");
  });

  it("without `delete` goes without any dial; with it runs the text that was applied last, and fails if the host is gone", async () => {
    const project = await newProject();
    const gone = await CommandHost.start();
    const connection = { ...gone.connection, dialErrorLimit: 1 };
    await setResources(project, {
      kept: remote({ create: "true", connection }),
      undone: remote({ create: "true", delete: "echo undo", connection }),
    });
    assert.equal((await project.up()).code, 0);
    await gone.stop();
    const { code, output } = await project.destroy();
    assert.notEqual(code, 0);
    assert.match(output, /after 1 failed attempts: dial tcp 127\.0\.0\.1:\d+: connect: connection refused/);
    assert.deepEqual(Object.keys(await project.state()), ["undone"]);
  });

  it("heeds neither customTimeouts nor an interrupt once the command runs, and `up` resumes after that", async () => {
    const project = await newProject();
    await setResources(project, {
      slow: remote({ create: "echo slow-started; sleep 2; echo done" }, { options: { customTimeouts: { create: "1s" } } }),
    });
    const started = host.commandStarted("echo slow-started; sleep 2; echo done");
    const { process: pulumi, ended } = project.startUp();
    await started;
    pulumi.kill("SIGINT");
    await ended;
    const { slow } = await project.state();
    assert.equal(slow?.outputs["stdout"], "slow-started\ndone");
    const again = await project.up();
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /2 unchanged/);
  });
});
