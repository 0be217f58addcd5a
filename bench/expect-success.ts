import type { LabStack } from "../lab/stack";

/** Runs pulumi on a stack; fails with all that it said where it does not succeed. */
export async function expectSuccess(
  stack: LabStack,
  verb: "up" | "destroy",
  onOutput: (text: string) => void,
  flags: readonly string[] = [],
): Promise<void> {
  const { code, stdout, stderr } = await stack[verb](flags, { onOutput });
  if (code !== 0) throw new Error(`pulumi ${verb} ended with ${code}:\n${stdout}\n${stderr}`);
}
