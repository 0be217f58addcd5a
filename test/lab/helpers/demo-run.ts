import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { killGroup } from "../../../lab/hosts/run-command";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { checkoutRoot, inState } from "../../../lab/paths";

const engineLog = inState("demo.log");

/** `make demo` as a terminal runs it: make and what it starts are one process group, which Ctrl-C reaches as a whole. */
export class DemoRun {
  private output = "";
  private readonly pid: number;
  private readonly watchers: (() => void)[] = [];
  /** Resolves with the exit code; a signal's number is told as shells do. */
  readonly ended: Promise<number>;
  private hasEnded = false;

  constructor(mark: Readonly<Record<string, string>>) {
    rmSync(engineLog, { force: true });
    // Its set-up was made before this suite was started; making it again would put other modules under the running tests.
    const argv = ["--old-file=setup", "demo"];
    // A make inside a make names its folder first, which a user at a prompt does not see.
    const atPrompt = Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS)/.test(name));
    const child = spawn("make", argv, {
      cwd: checkoutRoot,
      detached: true,
      env: { ...Object.fromEntries(atPrompt), ...mark },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        for (const watch of this.watchers) watch();
      });
    this.ended = new Promise((resolve) =>
      child.once("exit", (code) => {
        this.hasEnded = true;
        resolve(code ?? 128);
      }),
    );
  }

  /** Waits until something is so, and fails with what the demo said where it ends before that. */
  async until(what: string, isSo: () => boolean, timeoutMs = 120_000): Promise<void> {
    const look = () => isSo() || this.hasEnded;
    await waitUntil(what, look, { timeoutMs, intervalMs: 20 });
    if (!isSo()) throw new Error(`the demo ended before ${what}:\n${this.output}`);
  }

  /** Waits until the engine has said this, in the file that the demo keeps its output in. */
  engineSays(pattern: RegExp): Promise<void> {
    return this.until(`the engine says ${String(pattern)}`, () => existsSync(engineLog) && pattern.test(readFileSync(engineLog, "utf8")));
  }

  /** All that it has printed. */
  get said(): string {
    return this.output;
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    killGroup(this.pid, "SIGINT");
  }

  /** Ctrl-C, and again as soon as the first was heard. */
  interruptTwice(): void {
    const watch = () => {
      if (!/interrupted: ending the lab/.test(this.output)) return;
      this.watchers.length = 0;
      this.interrupt();
    };
    this.watchers.push(watch);
    this.interrupt();
  }

  /** Nothing of it can clean up any more. */
  kill(): void {
    killGroup(this.pid, "SIGKILL");
  }
}
