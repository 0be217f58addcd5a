import type { Progress } from "../lab/contract";
import type { HostName } from "../lab/hosts/topology";
import type { Lab } from "../lab/lab";

/** What every part of the bench gets. */
export interface Bench {
  readonly lab: Lab;
  readonly hosts: FreshHosts;
  readonly progress: Progress;
  readonly runs: number;
  /** Sees what pulumi says. */
  readonly onOutput: (text: string) => void;
}

/** The lab's hosts as each measurement must find them: with nothing on them but their system. */
export class FreshHosts {
  private readonly used = new Set<HostName>();

  constructor(
    private readonly lab: Lab,
    private readonly progress: Progress,
  ) {}

  /** Installs those again that a measurement has used before. */
  async takeFor(what: string, names: readonly HostName[]): Promise<void> {
    const again = names.filter((name) => this.used.has(name));
    for (const name of names) this.used.add(name);
    if (again.length === 0) return;
    await this.progress.step(`new hosts for ${what}`, () => Promise.all(again.map((name) => this.lab.reinstall(name))));
  }
}
