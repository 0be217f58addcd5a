import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writtenFiles } from "./written-files";

const checkout = join(__dirname, "../..");

/** `make docs`: writes the pages and schemas that are made from code and data. */
async function main(): Promise<void> {
  for (const [path, text] of Object.entries(await writtenFiles())) {
    writeFileSync(join(checkout, path), text);
    console.log(path);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
