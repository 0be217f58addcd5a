export interface WaitOptions {
  readonly timeoutMs: number;
  readonly intervalMs?: number;
}

/** Asks until the answer is neither undefined nor false; fails with what was waited for and the last error. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const end = Date.now() + options.timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      const seen = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`${what}: not so within ${options.timeoutMs / 1000} s${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 100));
  }
}
