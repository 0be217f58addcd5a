import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { RunResult } from "../contract";
import type { RunOptions } from "../hosts/run-command";
import { lastErrors } from "./engine-output";
import type { Screen } from "./screen";

/** Something that was expected to go well and did not; the message is for the user, and a stack would say no more. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** The engine's output in a file: a screen shows what it comes to, and of a run that fails its last errors. */
export class EngineLog {
  /** Begins the file again; only its owner reads it, as it tells of the whole cluster. */
  constructor(
    readonly file: string,
    private readonly screen: Screen,
  ) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "", { mode: 0o600 });
  }

  /** Where the file is, seen from where the user is. */
  get place(): string {
    return relative(process.cwd(), this.file);
  }

  /** Runs the engine to its end and gives its output; fails with the last errors where it does. */
  async run(title: string, nodes: readonly string[], start: (options: RunOptions) => Promise<RunResult>): Promise<string> {
    appendFileSync(this.file, `== ${title} (${new Date().toISOString()})\n`);
    const { code, stdout, stderr } = await this.screen.follow(nodes, (follow) =>
      start({
        onOutput: (text) => {
          appendFileSync(this.file, text);
          follow(text);
        },
      }),
    );
    if (code !== 0) throw new Failure([`${title} ended with ${code}:`, ...lastErrors(`${stdout}\n${stderr}`)].join("\n"));
    return stdout;
  }
}
