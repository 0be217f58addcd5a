import * as pulumi from "@pulumi/pulumi";
import { type ConfigIssue, formatIssue } from "./config-issue";

/** One error for all faults; Pulumi prints a RunError's message alone, without a stack. */
export function configError(owner: string, issues: readonly ConfigIssue[]): pulumi.RunError {
  return new pulumi.RunError(formatIssues(owner, issues));
}

/** All faults as bullets, in the order of their paths. */
export function formatIssues(owner: string, issues: readonly ConfigIssue[]): string {
  const faults = issues.length === 1 ? "1 fault" : `${issues.length} faults`;
  const { compare } = new Intl.Collator("en", { numeric: true });
  const sorted = [...issues].sort((a, b) => compare(a.path, b.path));
  return [`The config of stack ${owner} has ${faults}; nothing was changed.`, ...sorted.map((issue) => `  - ${formatIssue(issue)}`)].join(
    "\n",
  );
}
