/** Where a screen is drawn: a terminal's stream, or a test's. */
export interface TerminalStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const escape = "\u001b[";
const colors: Readonly<Record<string, string>> = { "✓": "32", "✗": "31;1", "…": "36", "█": "36", "░": "2" };

/** Colours a few signs, each by itself; nothing is left switched on behind them. */
const paint = (line: string): string =>
  line.replace(/[✓✗…]|█+|░+/g, (sign) => `${escape}${colors[sign[0] ?? ""] ?? "0"}m${sign}${escape}0m`);

/**
 * Lines that stay, above some that are drawn over. It never hides the cursor or changes another mode of the terminal: whatever ends
 * this program, the terminal is as it was.
 */
export class Terminal {
  private height = 0;

  constructor(private readonly stream: TerminalStream) {}

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.stream.columns ?? 80, rows: this.stream.rows ?? 24 };
  }

  /** Draws these lines in the place of those drawn last. */
  draw(lines: readonly string[]): void {
    this.stream.write(this.erased() + lines.map(paint).join("\n"));
    this.height = lines.length;
  }

  /** Adds lines that stay, in the place of those drawn last. */
  print(lines: readonly string[]): void {
    this.stream.write(this.erased() + lines.map((line) => `${paint(line)}\n`).join(""));
    this.height = 0;
  }

  private erased(): string {
    return this.height === 0 ? "" : `\r${this.height > 1 ? `${escape}${this.height - 1}A` : ""}${escape}J`;
  }
}

/** Whether a screen can live here: a terminal that is not said to be dumb, where nobody asked for plain text. */
export function isLive(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  const isSet = (name: string) => (env[name] ?? "") !== "";
  return stream.isTTY === true && !isSet("NO_COLOR") && !isSet("CI") && env["TERM"] !== "dumb" && isSet("TERM");
}
