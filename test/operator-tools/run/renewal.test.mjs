import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { provider } from "../../../src/operator-tools/script-provider.cjs";
import { digestOf, linkProvider } from "../../../src/operator-tools/run/link-provider.cjs";
import { takesTurn } from "../../../src/operator-tools/host/takes-turn.mjs";
import { daysLeft, endsSoon, whatIsDue } from "../../../src/operator-tools/run/renewal.mjs";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const DAY = 86_400_000;
const isoAt = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;

describe("the renewal of k3s's certificates", () => {
  it("is due with fewer than 60 days left, and where nobody told, never", () => {
    assert.deepEqual([endsSoon("2027-01-28T12:00:00Z", NOW), endsSoon("2027-01-28T11:59:59Z", NOW)], [false, true]);
    assert.deepEqual([endsSoon("2026-11-01T00:00:00Z", NOW), endsSoon(undefined, NOW), endsSoon("", NOW)], [true, false, false]);
    assert.deepEqual([daysLeft("2026-12-29T13:00:00Z", NOW), daysLeft("2026-11-28T12:00:00Z", NOW)], [30, -1]);
  });

  it("is work for the link that installed k3s though nothing else changed, until what it tells ends later", async () => {
    const news = { wanted: { node: "rack-1", script: "install-k3s", environment: {} }, previous: "join-1" };
    const olds = (days) => ({ ...news, digest: digestOf(news), result: { certificatesEnd: isoAt(Date.now() + days * DAY) } });
    const changes = async (state) => (await provider.diff("x", state, news)).changes;
    assert.deepEqual([await changes(olds(59)), await changes(olds(61)), await changes({ ...olds(59), result: {} })], [true, false, false]);
    assert.deepEqual((await provider.diff("x", olds(-3), news)).replaces, []);
    // Somebody may have rotated them, which no run can know.
    const authorities = (days) => ({ ...olds(300), result: { ...olds(300).result, authoritiesEnd: olds(days).result.certificatesEnd } });
    assert.deepEqual([await changes(authorities(59)), await changes(authorities(61))], [true, false]);
    assert.deepEqual([whatIsDue(authorities(59).result), whatIsDue(olds(59).result)], ["look", "renewal"]);
  });

  it("is told to the work, which then takes a turn", async () => {
    const told = [];
    const work = (given, { reveal }) => (told.push(given.before), reveal({ ends: given.environment.ENDS }), Promise.resolve());
    const link = linkProvider(
      { load: () => Promise.resolve(work), about: "The script" },
      { due: ({ result }) => Promise.resolve(result.ends === "soon" ? "renewal" : undefined) },
    );
    const inputs = (ENDS) => ({ wanted: { environment: { ENDS } }, access: "{}", previous: "p" });
    const { outs: soon } = await link.create(inputs("soon"));
    const { outs: late } = await link.update("x", soon, inputs("late"));
    await link.update("x", late, inputs("late"));
    assert.deepEqual(told, [
      undefined,
      { environment: { ENDS: "soon" }, isOther: false, due: "renewal" },
      { environment: { ENDS: "late" }, isOther: false },
    ]);
    assert.deepEqual([takesTurn([], {}, { due: "renewal" }), takesTurn([], {}, {})], [true, false]);
  });
});
