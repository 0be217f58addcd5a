/** A failure that the operator can act on: printed as its message alone, without a stack. */
export class ToolError extends Error {
  name = "ToolError";
}
