import { CloudError } from "../contract";

const FIRST = 100;
const LAST = 139;

/** The lab's public addresses of this cloud, given out in turn, so that one is rested before it serves again. */
export class PublicAddresses {
  private readonly taken = new Set<string>();
  private last = LAST;

  take(refusal: string): string {
    for (let step = 0; step <= LAST - FIRST; step++) {
      this.last = this.last === LAST ? FIRST : this.last + 1;
      const address = `198.18.0.${this.last}`;
      if (this.taken.has(address)) continue;
      this.taken.add(address);
      return address;
    }
    throw new CloudError(refusal, "The maximum number of addresses has been reached.");
  }

  giveBack(address: string): void {
    this.taken.delete(address);
  }
}
