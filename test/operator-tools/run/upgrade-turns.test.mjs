import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { UpgradeTurns } from "../../../src/operator-tools/run/upgrade-turns.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";

/** A piece of work that ends when the test says so. */
function openWork() {
  let end, begin;
  const begun = new Promise((resolve) => (begin = resolve));
  const ended = new Promise((resolve, reject) => (end = { well: resolve, badly: reject }));
  return { begun, end, run: () => (begin(), ended) };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  let turns, out;
  beforeEach(() => ([turns, out] = [new UpgradeTurns(), recordOutput()]));
  const take = (node, work, { group = "pool edge", atOnce = 1, kind = group } = {}) =>
    turns.take({ node, group, atOnce, kind }, out, work.run);

  it("are taken one after the other, and who waits says behind whom", async () => {
    const [first, second] = [openWork(), openWork()];
    const running = [take("kiosk-1", first), take("kiosk-2", second)];
    let hasBegun = false;
    void second.begun.then(() => (hasBegun = true));
    await settled();
    assert.deepEqual([hasBegun, out.written.stderr], [false, "kiosk-2: waits for its turn behind kiosk-1\n"]);
    first.end.well("one");
    await second.begun;
    second.end.well("two");
    assert.deepEqual(await Promise.all(running), ["one", "two"]);
  });

  it("are taken by as many at once as the pool says, and by nodes of another kind beside them", async () => {
    const works = [openWork(), openWork(), openWork(), openWork()];
    const [first, second, third, other] = works;
    const running = [take("a", first, { atOnce: 2 }), take("c", other, { group: "servers" })];
    await Promise.all([first.begun, other.begun]);
    first.end.well();
    await running[0];
    running.push(take("b", second, { atOnce: 2 }), take("d", third, { atOnce: 2 }));
    await Promise.all([second.begun, third.begun]);
    for (const { end } of works) end.well();
    await Promise.all(running);
    assert.equal(out.written.stderr, "");
  });

  it("end with the first that fails: those behind it are left as they are and name it, those beside it go to their end", async () => {
    const [first, beside, behind, later] = [openWork(), openWork(), openWork(), openWork()];
    const running = [take("kiosk-1", first), take("rack-2", beside, { group: "pool rack" })];
    const waiting = errorOf(take("kiosk-2", behind));
    first.end.badly(new Error("kiosk-1: no disk"));
    assert.equal((await errorOf(running[0])).message, "kiosk-1: no disk");
    const why = "left as it is, because kiosk-1 failed and the change of the others stopped there; cure kiosk-1, then run pulumi up again";
    assert.equal((await waiting).message, `kiosk-2: ${why}`);
    assert.equal((await errorOf(take("rack-3", later, { group: "pool rack" }))).message, `rack-3: ${why}`);
    beside.end.well("done");
    assert.equal(await running[1], "done");
  });

  it("try a change on one node alone, then go pool by pool, and to no others where it failed", async () => {
    const [first, other, third] = [openWork(), openWork(), openWork()];
    const kind = "agents K3S_VERSION";
    const take = (node, group, work) => turns.take({ node, group, atOnce: 2, kind }, out, work.run);
    const running = [take("kiosk-1", "pool edge", first), take("kiosk-2", "pool edge", third), take("box-1", "pool rack", other)];
    let begun = 0;
    for (const work of [other, third]) void work.begun.then(() => begun++);
    await settled();
    assert.equal(begun, 0);
    assert.match(out.written.stderr, /^kiosk-2: waits for its turn behind kiosk-1$/m);
    first.end.well("one");
    await third.begun;
    await settled();
    assert.equal(begun, 1, "pools go one after the other");
    third.end.well();
    await other.begun;
    other.end.well();
    await Promise.all(running);

    turns = new UpgradeTurns();
    const [bad, never] = [openWork(), openWork()];
    const failing = errorOf(take("kiosk-1", "pool edge", bad));
    const left = errorOf(take("box-1", "pool rack", never));
    bad.end.badly(new Error("kiosk-1: no"));
    assert.equal((await failing).message, "kiosk-1: no");
    assert.match((await left).message, /^box-1: left as it is, because kiosk-1 failed/);
  });

  it("ask once in a run who is away", async () => {
    let looks = 0;
    const look = () => Promise.resolve(new Set([`kiosk-${++looks}`]));
    assert.deepEqual([...(await turns.unready(look)), ...(await turns.unready(look))], ["kiosk-1", "kiosk-1"]);
  });

  it("are taken last by whom it is said of, however the others come, and not for ever where they do not", async () => {
    const done = [];
    const last = (patienceMs) => {
      turns = new UpgradeTurns({ patienceMs });
      const turn = { node: "rack-1", group: "servers", atOnce: 1, kind: "servers", isLastOf: 3 };
      return turns.take(turn, out, () => Promise.resolve(done.push("rack-1")));
    };
    const leader = last(60_000);
    const [second, third] = [openWork(), openWork()];
    const others = [take("rack-2", second, { group: "servers" })];
    await second.begun;
    second.end.well();
    await others[0];
    await settled();
    assert.deepEqual(done, []);
    others.push(take("rack-3", third, { group: "servers" }));
    await third.begun;
    await settled();
    assert.deepEqual(done, []);
    third.end.well();
    await leader;
    assert.deepEqual(done, ["rack-1"]);
    await last(10);
    assert.deepEqual(done, ["rack-1", "rack-1"]);
  });

  it("are not waited for by the last where one of the others failed", async () => {
    turns = new UpgradeTurns({ patienceMs: 60_000 });
    const leader = errorOf(
      turns.take({ node: "rack-1", group: "servers", atOnce: 1, kind: "servers", isLastOf: 3 }, out, () => assert.fail()),
    );
    await errorOf(turns.take({ node: "rack-2", group: "servers", atOnce: 1, kind: "servers" }, out, () => Promise.reject(new Error("no"))));
    assert.match((await leader).message, /^rack-1: left as it is, because rack-2 failed/);
  });
});
