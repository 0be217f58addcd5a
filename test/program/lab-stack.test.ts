import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { compareWithGolden } from "../helpers/golden";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on the lab's stack", () => {
  it("registers what the golden file says", async () => {
    compareWithGolden("lab", await recordProgram(runOf("lab", labSettings(labWithFixedKeys()))));
  });
});
