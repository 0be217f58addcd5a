const began = /^\s*\S+\s+\S+ (\S+) (creating|deleting|updating|replacing) \(\d/;
const ended = /^\s*\S+\s+\S+ (\S+) (created|deleted|updated|replaced) \(\d/;
const message = /^\s*\S*\s+pulumi:pulumi:Stack \S+ (?:\w+ )?\([\d.]+m?s\) (\S+): (\S.*)$/;

/** What the nodes of a run are doing, as the engine's lines tell it; that it looks at them again says nothing of them. */
export class EngineOutput {
  readonly nodes = new Map<string, string>();
  resources = 0;
  private rest = "";

  /** Names of nodes that may come up. */
  constructor(private readonly names: readonly string[]) {}

  read(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.readLine(line);
  }

  private readLine(line: string): void {
    const [, speaker, words] = message.exec(line) ?? [];
    if (speaker !== undefined && words !== undefined && this.names.includes(speaker)) this.nodes.set(speaker, words);
    const [, resource, verb] = began.exec(line) ?? [];
    if (resource !== undefined && verb !== undefined) this.tell(resource, `${verb} %`);
    const [, done, participle] = ended.exec(line) ?? [];
    if (done === undefined || participle === undefined) return;
    this.resources += 1;
    this.tell(done, `% ${participle}`);
  }

  private tell(resource: string, words: string): void {
    const node = this.names.find((name) => resource.startsWith(`${name}-`));
    if (node !== undefined) this.nodes.set(node, words.replace("%", resource.slice(node.length + 1)));
  }
}

const shownAtMost = 40;

/** The last errors that the engine told, without warnings and what else it says; the end of the output where it told none. */
export function lastErrors(output: string): string[] {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const from = lines.lastIndexOf("Diagnostics:");
  const told = from === -1 ? [] : lines.slice(from + 1);
  const to = told.findIndex((line) => /^\S/.test(line));
  const blocks = splitBlocks(to === -1 ? told : told.slice(0, to)).flatMap(errorsOf);
  const errors = blocks.length > 0 ? blocks : lines.filter((line) => /^\s*error: /.test(line));
  return (errors.length > 0 ? errors : lines.filter((line) => line !== "").slice(-shownAtMost / 2)).slice(-shownAtMost);
}

/** A resource's head, two columns in, with all that the engine says of it. */
function splitBlocks(lines: readonly string[]): string[][] {
  const blocks: string[][] = [];
  for (const line of lines) {
    if (/^ {2}\S.*:$/.test(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  return blocks;
}

/** The head and the errors of a block; an error goes on until a warning or a blank line. */
function errorsOf([head = "", ...lines]: readonly string[]): string[] {
  let isError = false;
  const errors = lines.filter((line) => {
    if (/^\s*error: /.test(line)) isError = true;
    else if (line === "" || /^\s*warning: /.test(line)) isError = false;
    return isError;
  });
  return errors.length === 0 ? [] : [head, ...errors];
}
