import type { Progress } from "./contract";
import { createScreen } from "./screen/screen";

/** Progress on standard error: a line as each step ends, and while one takes longer than two seconds, its elapsed time. */
export const createProgress = (): Progress => createScreen(process.stderr);

/** Says nothing: for tests, whose runner shows what matters. */
export const silentProgress: Progress = { note: () => undefined, step: (_title, work) => work(() => undefined) };
