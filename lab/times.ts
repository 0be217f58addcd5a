export interface Times {
  measure<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** A line for each part in its order, and the sum. */
  render(): string;
}

/** How long each part of a run took. */
export function timesTable(): Times {
  const rows: { readonly title: string; readonly seconds: number }[] = [];
  return {
    async measure(title, work) {
      const started = performance.now();
      try {
        return await work();
      } finally {
        rows.push({ title, seconds: (performance.now() - started) / 1000 });
      }
    },
    render() {
      const total = { title: "all", seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0) };
      return [...rows, total].map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}\n`).join("");
    },
  };
}
