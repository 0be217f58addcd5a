import { createOutput } from "../../../src/operator-tools/run/output.mjs";

/** An output that keeps what a tool wrote. */
export function recordOutput() {
  const written = { stdout: "", stderr: "" };
  const stream = (name) => ({ write: (text) => (written[name] += text) });
  return { ...createOutput({ stdout: stream("stdout"), stderr: stream("stderr") }), written };
}

/** Resolves with the error that the work threw; fails if it threw none. */
export async function errorOf(work) {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("the work was expected to fail");
}
