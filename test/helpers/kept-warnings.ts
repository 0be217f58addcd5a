import * as pulumi from "@pulumi/pulumi";

/** From here on, for the rest of the process, what the program warns of is kept in this list instead of being told to the engine. */
export function keepWarnings(): readonly string[] {
  const warnings: string[] = [];
  pulumi.log.warn = (text: string) => {
    warnings.push(text);
    return Promise.resolve();
  };
  return warnings;
}
