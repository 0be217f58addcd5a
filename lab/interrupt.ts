import { Namespaces } from "./hosts/namespaces";

const interrupted = 130;

let stopping = false;

/** Whether the program was told to stop: what fails from then on fails because its lab is being ended, and is not worth a word. */
export const isInterrupted = (): boolean => stopping;

/**
 * On Ctrl-C ends the lab that this program started, says so, and ends the program once nothing is left. A second Ctrl-C ends the program
 * at once; the lab follows it all the same, its supervisor sees to that.
 */
export function endLabOnSignal(say: (text: string) => void): void {
  const stop = () => {
    if (stopping) process.exit(interrupted);
    stopping = true;
    say("interrupted: ending the lab");
    void Promise.resolve(Namespaces.find()?.end()).finally(() => process.exit(interrupted));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
}
