import type { CheckFailure } from "./check-properties";
import type { ResourceLog } from "./engine-log";
import type { Properties } from "./property-values";

/** What an operation knows besides its properties. */
export interface Operation {
  readonly urn: string;
  /** True in a preview: nothing may be changed and no host be reached. */
  readonly preview: boolean;
  /** Fires when the user interrupts, or at the resource's customTimeouts. */
  readonly cancelled: AbortSignal;
  readonly log: ResourceLog;
}

export interface Checked {
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

/** What a check may name a resource by. */
export interface CheckContext {
  readonly urn: string;
  /** Checked inputs of the resource as it is now; empty for a new one. */
  readonly olds: Properties;
  /** The engine's seed, the same in the preview and the update after it. */
  readonly randomSeed: Uint8Array;
}

export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

export interface ReadState {
  readonly outputs: Properties;
  readonly inputs: Properties;
}

export interface Diffed {
  /** What replaces the resource: inputs out of those that changed, or a property that another reason stands for. */
  readonly replaces: readonly string[];
  /** Inputs whose change means nothing, however they are written. */
  readonly same?: readonly string[];
}

/** One resource type. No property bears a secret mark: the engine takes these off, and puts them back on outputs named like a secret input. */
export interface ResourceType {
  check(inputs: Properties, context: CheckContext): Checked;
  diff(id: string, olds: Properties, news: Properties, changed: readonly string[]): Promise<Diffed>;
  create(inputs: Properties, operation: Operation): Promise<Created>;
  update(id: string, olds: Properties, news: Properties, operation: Operation): Promise<Properties>;
  delete(id: string, state: Properties, operation: Operation): Promise<void>;
  /** Undefined if the resource is gone. Absent: the state is taken for true. */
  read?(id: string, state: Properties, inputs: Properties): Promise<ReadState | undefined>;
}

export interface ProviderFunction {
  check(args: Properties): readonly CheckFailure[];
  call(args: Properties, operation: Operation): Promise<Properties>;
}

export interface Provider {
  readonly version: string;
  checkConfig(config: Properties): readonly CheckFailure[];
  configure(config: Properties): void;
  readonly resources: Readonly<Record<string, ResourceType>>;
  readonly functions: Readonly<Record<string, ProviderFunction>>;
}
