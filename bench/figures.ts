/** Values of one figure, a run each; `floor` is the same work by hand, where there is such a thing. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly floors: readonly number[];
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (low === undefined || high === undefined) throw new Error("no values to take the median of");
  return (low + high) / 2;
}

/** `bench NAME VALUE UNIT FLOOR RATIO`, medians, for programs to read; a dash where there is no floor. */
export function renderFigure({ name, unit, values, floors }: Figure): string {
  const value = median(values);
  const [floor, ratio] = floors.length === 0 ? ["-", "-"] : [round(median(floors)), (value / median(floors)).toFixed(2)];
  return `bench ${name} ${round(value)} ${unit} ${floor} ${ratio}\n`;
}

/** The median floor of each figure that is a time and has one: what a demo on this machine compares itself with. */
export const floorsInSeconds = (figures: readonly Figure[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    figures.filter(({ unit, floors }) => unit === "s" && floors.length > 0).map(({ name, floors }) => [name, median(floors)]),
  );

const round = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
