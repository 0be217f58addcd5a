import assert from "node:assert/strict";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type CommandSpec, createCommandProject, setResources } from "./command-project";
import type { PulumiProject } from "./language-project";

describe("the command provider's local.Command", { concurrency: 2 }, () => {
  const projects: PulumiProject[] = [];

  after(() => Promise.all(projects.map((project) => project.remove())));

  async function newProject(): Promise<PulumiProject> {
    const project = await createCommandProject();
    projects.push(project);
    return project;
  }

  const local = (args: Readonly<Record<string, unknown>>, more: Partial<CommandSpec> = {}): CommandSpec => ({
    args,
    ...more,
  });

  it("runs in the folder of the program, with the environment of pulumi and what is given", async () => {
    const project = await newProject();
    await setResources(project, {
      here: local({ create: "pwd; echo $PULUMI_CONFIG_PASSPHRASE $GIVEN; cat; echo err >&2", environment: { GIVEN: "given" } }),
      there: local({ create: "process.stdout.write(process.cwd())", interpreter: ["node", "-e"], dir: project.folder }),
      piped: local({ create: "wc -c", stdin: "12345" }),
    });
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const { here, there, piped } = await project.state();
    const folder = await realpath(project.folder);
    assert.deepEqual([here?.outputs["stdout"], here?.outputs["stderr"]], [`${folder}/program\ncontract given`, "err"]);
    assert.equal(there?.outputs["stdout"], folder);
    assert.equal(piped?.outputs["stdout"], "5");
  });

  it("gives the delete command, kept in state, its stdin and the previous output; an update the previous output", async () => {
    const project = await newProject();
    const log = join(project.folder, "ran");
    const note = `echo "$(cat) [$PULUMI_COMMAND_STDOUT|$PULUMI_COMMAND_STDERR]" >>${log}`;
    const spec = (stdin: string): CommandSpec =>
      local(
        { create: `${note}; echo out-${stdin}; echo err-${stdin} >&2`, delete: `echo "delete" >>${log}; ${note}`, stdin },
        { secret: ["stdin"] },
      );
    for (const stdin of ["a", "b"]) {
      await setResources(project, { one: spec(stdin) });
      assert.equal((await project.up()).code, 0);
    }
    await setResources(project, {});
    assert.equal((await project.up()).code, 0);
    assert.deepEqual((await readFile(log, "utf8")).trim().split("\n"), ["a [|]", "b [out-a|err-a]", "delete", "b [out-b|err-b]"]);
  });

  it("tells the exit status, the whole text and all output of a failing command, and keeps nothing of it in state", async () => {
    const project = await newProject();
    await setResources(project, { one: local({ create: 'echo "said"; echo moaned >&2; exit 7', logging: "none" }) });
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.ok(output.includes('exit status 7: running "echo \\"said\\"; echo moaned >&2; exit 7":'), output);
    assert.match(output, /^ *said$/m);
    assert.match(output, /^ *moaned$/m);
    assert.deepEqual(await project.state(), {});
  });

  it("leaves a resource whose delete fails in state, and runs the delete again", async () => {
    const project = await newProject();
    const flag = join(project.folder, "may-go");
    await setResources(project, { one: local({ create: "true", delete: `test -e ${flag}` }) });
    assert.equal((await project.up()).code, 0);
    assert.notEqual((await project.destroy()).code, 0);
    assert.deepEqual(Object.keys(await project.state()), ["one"]);
    await project.write({ "may-go": "" });
    assert.equal((await project.destroy()).code, 0);
    assert.deepEqual(await project.state(), {});
  });

  it("runs nothing in a preview but local.run, and nothing at a refresh", async () => {
    const project = await newProject();
    const log = join(project.folder, "ran");
    await setResources(project, { one: local({ create: `echo create >>${log}` }) }, { probe: { command: `echo run >>${log}` } });
    const { code, output } = await project.preview();
    assert.equal(code, 0, output);
    assert.equal(await readFile(log, "utf8"), "run\n");
    assert.equal((await project.up()).code, 0);
    assert.equal((await project.refresh()).code, 0);
    assert.equal(await readFile(log, "utf8"), "run\nrun\ncreate\n");
  });

  it("ends a command at customTimeouts", async () => {
    const project = await newProject();
    await setResources(project, { slow: local({ create: "exec sleep 60" }, { options: { customTimeouts: { create: "1s" } } }) });
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.match(output, /signal: killed: running "exec sleep 60"/);
  });
});
