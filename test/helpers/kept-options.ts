import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

/** What a resource's registration asks of the engine beside its inputs. */
export interface KeptOptions {
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly aliases: readonly string[];
  /** URNs. */
  readonly dependsOn: readonly string[];
  /** URN; empty: of nothing. */
  readonly deletedWith: string;
}

interface Request {
  getName(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getDependenciesList(): string[];
  getDeletedwith(): string;
  getAliasesList(): { getSpec(): { getName(): string } | undefined }[];
}

type Register = (this: unknown, request: Request, ...rest: unknown[]) => unknown;

/** From here on, for the rest of the process, the options of what the program registers are kept in this map, by the resource's name. */
export function keepOptions(): ReadonlyMap<string, KeptOptions> {
  const kept = new Map<string, KeptOptions>();
  const monitor = MockMonitor.prototype as unknown as { registerResource: Register };
  const original = monitor.registerResource;
  monitor.registerResource = function (request, ...rest) {
    kept.set(request.getName(), {
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      dependsOn: request.getDependenciesList(),
      deletedWith: request.getDeletedwith(),
      aliases: request.getAliasesList().map((alias) => alias.getSpec()?.getName() ?? ""),
    });
    return original.call(this, request, ...rest);
  };
  return kept;
}
