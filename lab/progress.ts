import type { Progress } from "./contract";

const showAfterMs = 2000;
const terminalMs = 200;
/** A step may start just after a tick: with this interval it shows itself within two seconds all the same. */
const logMs = 2000;

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Progress on standard error: a line as each step ends, and while one takes longer than two seconds, its elapsed time. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const running = new Map<string, number>();
  let shown = false;
  let timer: NodeJS.Timeout | undefined;

  const clearLine = () => {
    if (shown) stream.write("\r\u001b[K");
    shown = false;
  };
  const line = (text: string) => {
    clearLine();
    stream.write(`${text}\n`);
  };
  const showRunning = () => {
    const late = [...running].filter(([, since]) => Date.now() - since >= showAfterMs);
    if (late.length === 0) return;
    const text = late.map(([title, since]) => `${title} ${seconds(since)}`).join(", ");
    if (stream.isTTY) {
      clearLine();
      stream.write(`  … ${text}`.slice(0, stream.columns));
      shown = true;
    } else {
      line(`  … ${text}`);
    }
  };
  // One timer for all steps: a terminal's last line is rewritten, a log gets a sign of life now and then.
  const follow = () => {
    if (running.size > 0 && timer === undefined) timer = setInterval(showRunning, stream.isTTY ? terminalMs : logMs).unref();
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  return {
    note: line,
    async step(title, work) {
      const since = Date.now();
      running.set(title, since);
      follow();
      try {
        const result = await work(() => undefined);
        line(`  ✓ ${title} ${seconds(since)}`);
        return result;
      } catch (error) {
        line(`  ✗ ${title} ${seconds(since)}`);
        throw error;
      } finally {
        running.delete(title);
        follow();
      }
    },
  };
}

/** Says nothing: for tests, whose runner shows what matters. */
export const silentProgress: Progress = { note: () => undefined, step: (_title, work) => work(() => undefined) };
