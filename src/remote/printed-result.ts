/**
 * What a tool or script printed: JSON on the last line of its stdout. `pulumi up --target` leaves resources unmade, and those that print
 * then have no stdout: their result is empty, and nothing that needs it is made either.
 */
export function printedResult<T>(stdout: string | undefined): T {
  return JSON.parse(stdout?.trim().split("\n").at(-1) ?? "{}") as T;
}
