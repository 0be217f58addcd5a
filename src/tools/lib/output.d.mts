/** Where a tool's words go; known secrets are masked in them. */
export interface ToolOutput {
  redact(text: string): string;
}

export function createOutput(): ToolOutput;
