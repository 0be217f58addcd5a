/** A volume that no other node can use. `claim` and `pods` with their namespaces, `NAMESPACE/NAME`. */
export interface LostVolume {
  readonly node: string;
  readonly volume: string;
  readonly claim: string;
  readonly pods: readonly string[];
}

export function lookAtData(
  input: Readonly<Record<string, unknown>>,
  context: { readonly env: NodeJS.ProcessEnv; readonly out: unknown },
): Promise<readonly LostVolume[]>;

export function describeVolume(volume: LostVolume): string;
