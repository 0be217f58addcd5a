import type { PolicyTraits } from "./policy/index.mjs";

/** The part of a control server that the program itself uses; tools use more. */
export interface Control {
  readonly policyPage: string;
  requireAccess(): Promise<void>;
  /** Throws where nodes of this tailscale could not log in; where it does not tell, it is not there. */
  requireClient?(version: string): Promise<void>;
  /** The tags of the OAuth client that asks; undefined where it is none or they are not told. */
  clientTags?(): Promise<readonly string[] | undefined>;
  readPolicy(): Promise<{ readonly text: string; readonly isFixed?: boolean }>;
  policyTraits(): Promise<PolicyTraits | undefined>;
}

export function openControl(
  tailnet: Readonly<Record<string, string | undefined>>,
  context: { readonly env: NodeJS.ProcessEnv; readonly out: unknown; readonly limits?: object },
): Control;
