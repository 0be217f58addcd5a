import type { EngineLog } from "./engine-log";
import type { Operation } from "./provider";

export interface OperationScope {
  readonly urn: string;
  readonly preview: boolean;
  /** From customTimeouts; 0 or absent is none. */
  readonly timeoutSeconds?: number;
}

/** The operations under way. Once cancelled, later ones start cancelled as well. */
export class Operations {
  private readonly cancelling = new AbortController();
  private running = 0;

  constructor(private readonly log: EngineLog) {}

  isBusy(): boolean {
    return this.running > 0;
  }

  cancel(): void {
    this.cancelling.abort(new Error("context canceled"));
  }

  async run<T>(scope: OperationScope, work: (operation: Operation) => Promise<T>): Promise<T> {
    this.running++;
    const expiry = new AbortController();
    const seconds = scope.timeoutSeconds ?? 0;
    const timer = seconds > 0 ? setTimeout(() => expiry.abort(new Error("context deadline exceeded")), seconds * 1000) : undefined;
    try {
      const cancelled = AbortSignal.any([this.cancelling.signal, expiry.signal]);
      return await work({ urn: scope.urn, preview: scope.preview, cancelled, log: this.log.forResource(scope.urn) });
    } finally {
      clearTimeout(timer);
      await this.log.flushed();
      this.running--;
    }
  }
}
