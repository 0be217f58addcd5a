import { mkdirSync } from "node:fs";
import type { ServiceSpec } from "../contract";
import { inState } from "../paths";
import type { Namespaces } from "./namespaces";

/** A running service of the lab, such as the control server; can be stopped and started to see who minds. */
export class LabService {
  constructor(
    private readonly spec: ServiceSpec,
    private readonly namespaces: Namespaces,
  ) {}

  get name(): string {
    return this.spec.name;
  }

  get logFile(): string {
    return inState("services", `${this.spec.name}.log`);
  }

  /** Starts the service and returns once it serves. */
  async start(): Promise<void> {
    mkdirSync(inState("services"), { recursive: true });
    const { netns, argv } = this.spec;
    // Only what a program needs to find other programs: no setting of the caller's reaches the lab's services.
    const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/root", LANG: "C.UTF-8", ...this.spec.env };
    const place = netns === undefined ? {} : { netns };
    await this.namespaces.startDaemon(this.name, argv, this.logFile, { ...place, env });
    await this.spec
      .waitReady((command, options) => this.namespaces.run(command, { ...place, ...options }))
      .catch((error: unknown) => {
        throw new Error(`${this.name} ${error instanceof Error ? error.message : String(error)}; its log is ${this.logFile}`, {
          cause: error,
        });
      });
  }

  async stop(): Promise<void> {
    await this.namespaces.stopDaemon(this.name);
  }
}
