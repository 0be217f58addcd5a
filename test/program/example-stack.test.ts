import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { compareWithGolden } from "../helpers/golden";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on the example stack", () => {
  it("registers what the golden file says", async () => {
    const text = readFileSync(join(__dirname, "../../stacks/Pulumi.example.yaml"), "utf8");
    const { config } = parse(text) as { config: Record<string, unknown> };
    const plain = Object.entries(config).filter(([, value]) => !isSecure(value));
    const settings = { ...Object.fromEntries(plain), "tailscale:oauthClientId": "kExample" };
    compareWithGolden("example", await recordProgram(runOf("example", settings)));
  });
});

const isSecure = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
