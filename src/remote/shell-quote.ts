/** One word of POSIX shell that stands for exactly this text. The only place where text becomes shell. */
export function shellQuote(text: string): string {
  if (text.includes("\0")) throw new Error("a NUL byte cannot be a shell word");
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
