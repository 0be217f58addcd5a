/** A fault that the lab's tests ask for: the next `times` requests that match are delayed, refused or cut off. */
export interface Fault {
  readonly method?: string;
  /** Regular expression over the path below /api/v2. */
  readonly path?: string;
  readonly times: number;
  readonly delayMs?: number;
  /** Answer with this instead of acting. */
  readonly status?: number;
  readonly message?: string;
  /** Close the connection without an answer, before or after acting. */
  readonly drop?: "before" | "after";
}

export class Faults {
  private pending: Fault[] = [];

  add(fault: Fault): void {
    this.pending.push(fault);
  }

  clear(): void {
    this.pending = [];
  }

  list(): readonly Fault[] {
    return this.pending;
  }

  /** The fault for this request, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.pending.find((candidate) => (candidate.method ?? method) === method && new RegExp(candidate.path ?? "").test(path));
    if (fault === undefined) return undefined;
    this.pending =
      fault.times > 1
        ? this.pending.map((other) => (other === fault ? { ...fault, times: fault.times - 1 } : other))
        : this.pending.filter((other) => other !== fault);
    return fault;
  }
}
