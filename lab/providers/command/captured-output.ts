import { StringDecoder } from "node:string_decoder";
import type { ResourceLog } from "../plugin/engine-log";

export type Logging = "none" | "stdout" | "stderr" | "stdoutAndStderr";

/** What a command writes: each stream apart, both together for error messages, and line by line to the engine. */
export class CapturedOutput {
  readonly stdout: Capture;
  readonly stderr: Capture;
  private both = "";

  constructor(log: ResourceLog, logging: Logging = "stdoutAndStderr") {
    const add = (text: string): void => {
      this.both += text;
    };
    this.stdout = new Capture(add, logging === "stdout" || logging === "stdoutAndStderr" ? log : undefined);
    this.stderr = new Capture(add, logging === "stderr" || logging === "stdoutAndStderr" ? log : undefined);
  }

  /** The end of an error message: everything that was written, whatever `logging` says. */
  get everything(): string {
    return this.both;
  }

  end(): { readonly stdout: string; readonly stderr: string } {
    return { stdout: this.stdout.end(), stderr: this.stderr.end() };
  }
}

class Capture {
  private readonly decoder = new StringDecoder("utf8");
  private text = "";
  private line = "";

  constructor(
    private readonly onText: (text: string) => void,
    private readonly log: ResourceLog | undefined,
  ) {}

  add(chunk: Buffer): void {
    const text = this.decoder.write(chunk);
    this.text += text;
    this.onText(text);
    const lines = (this.line + text).split("\n");
    this.line = lines.pop() ?? "";
    for (const line of lines) this.log?.status(line);
  }

  /** The whole text without one trailing newline, as the provider stores it. */
  end(): string {
    if (this.line !== "") this.log?.status(this.line);
    this.line = "";
    return this.text.replace(/\n$/, "");
  }
}
