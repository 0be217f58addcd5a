import { parse } from "jsonc-parser";

/** The text as plain JSON without spaces. */
export const minimizeHuJson = (text: string): string => JSON.stringify(parse(text, [], { allowTrailingComma: true }));
