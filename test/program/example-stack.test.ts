import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { compareWithGolden } from "../helpers/golden";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

// A tailnet after the steps of docs/tailscale.md.
const PREPARED = `{
  "groups": {"group:ops": ["alice@example.org"]},
  "tagOwners": {"tag:k3s-admin": ["autogroup:admin"]},
  "grants": [],
}
`;

describe("the program on the example stack", () => {
  it("registers what the golden file says", async () => {
    const text = readFileSync(join(__dirname, "../../stacks/Pulumi.example.yaml"), "utf8");
    const { config } = parse(text) as { config: Record<string, unknown> };
    const plain = Object.entries(config).filter(([, value]) => !isSecure(value));
    const settings = { ...Object.fromEntries(plain), "tailscale:oauthClientId": "kExample" };
    const answers = { ...mockedAnswers, "tailscale:index/getAcl:getAcl": { id: "acl", acl: PREPARED, hujson: PREPARED } };
    compareWithGolden("example", await recordProgram({ ...runOf("example", settings), answers }));
  });
});

const isSecure = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
