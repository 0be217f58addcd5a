/**
 * A shell script without the lines that only comment on it: they are a third of what a script weighs when packed. What stands in a
 * here-document stays as it is: those are files and programs that operators meet on the host.
 */
export function withoutComments(script: string): string {
  let terminator: string | undefined;
  const isKept = (line: string): boolean => {
    if (terminator !== undefined) {
      if (line === terminator) terminator = undefined;
      return true;
    }
    if (/^\s*#/.test(line)) return false;
    terminator = /<<(['"]?)(\w+)\1/.exec(line)?.[2];
    return true;
  };
  return script.split("\n").filter(isKept).join("\n");
}
