import { describe, it } from "node:test";
import { addBurstPools, cloudPool, labSettings } from "../../lab/stack-config";
import { compareWithGolden } from "../helpers/golden";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";

describe("the program on the lab's stack with a machine in each cloud", () => {
  it("registers what the golden file says", async () => {
    const lab = labWithFixedKeys();
    const stack = labSettings(lab);
    addBurstPools(lab, stack);
    cloudPool(stack, "burst").count = 2;
    cloudPool(stack, "burst").remove = [0];
    cloudPool(stack, "burst").spot = true;
    Object.assign(cloudPool(stack, "burst"), { tagInterface: true });
    cloudPool(stack, "burst-az").count = 1;
    compareWithGolden("burst", await recordProgram(runOf("burst", stack)));
  });
});
