import assert from "node:assert/strict";
import { it } from "node:test";
import { labSettings, metalPool, type StackSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

interface Link {
  readonly wanted?: unknown;
  readonly previous?: unknown;
  readonly triggers?: unknown;
}

async function linksOf(settings: StackSettings) {
  const { registrations } = await recordProgram(runOf("lab", settings));
  const links = registrations.map(({ name, inputs }) => {
    const { wanted, previous, triggers } = inputs as Link;
    return [name, { wanted, previous, triggers }] as const;
  });
  return new Map(links);
}

it("has nothing of a living server or agent change when two more servers come to stand beside it", async () => {
  const three = () => threeServers(labSettings(labWithFixedKeys()));
  const one = three();
  metalPool(one, "rack").hosts = metalPool(one, "rack").hosts.slice(0, 1);
  const before = await linksOf(one);
  const now = await linksOf(three());
  const living = [...before.keys()].filter((name) => /^(rack-1|kiosk-1)-/.test(name) && now.has(name));
  assert.ok(
    ["rack-1-install", "rack-1-key", "rack-1-join", "rack-1-wait-ready", "kiosk-1-install", "kiosk-1-wait-ready"].every((name) =>
      living.includes(name),
    ),
  );
  for (const name of living) assert.deepEqual(now.get(name), before.get(name), name);
  assert.deepEqual(
    [...now.keys()].filter((name) => /^rack-1-/.test(name) && !before.has(name)),
    [],
  );
});
