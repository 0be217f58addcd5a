import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { credentials } from "@grpc/grpc-js";
import { GRPC_OPTIONS } from "./listen";

/** Messages to the engine about one resource. */
export interface ResourceLog {
  /** Shown beside the resource while it is worked on. */
  status(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Logs to the engine at `address`, the last argument of every plugin. */
export class EngineLog {
  private readonly client: EngineClient | undefined;
  private pending = Promise.resolve();

  constructor(address: string | undefined) {
    this.client = address === undefined ? undefined : new EngineClient(address, credentials.createInsecure(), GRPC_OPTIONS);
  }

  forResource(urn: string): ResourceLog {
    return {
      status: (message) => this.send(urn, LogSeverity.INFO, message, true),
      warn: (message) => this.send(urn, LogSeverity.WARNING, message, false),
      error: (message) => this.send(urn, LogSeverity.ERROR, message, false),
    };
  }

  /** Resolves once all that was logged has reached the engine, so that it is shown before the operation's outcome. */
  flushed(): Promise<void> {
    return this.pending;
  }

  private send(urn: string, severity: LogSeverity, message: string, ephemeral: boolean): void {
    const { client } = this;
    if (client === undefined) return;
    const request = new LogRequest().setUrn(urn).setSeverity(severity).setMessage(message).setEphemeral(ephemeral);
    this.pending = this.pending.then(() => new Promise((resolve) => client.log(request, () => resolve())));
  }
}
