import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createScreen } from "../../lab/screen/screen";
import { isLive } from "../../lab/screen/terminal";

const env = { TERM: "xterm" };

/** A terminal or a pipe that keeps what it gets. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 60, rows: 20, written, write: (text: string) => written.push(text) };
}

/** What stands on a terminal after all that was written, as one that knows these few sequences shows it. */
function shown(written: readonly string[]): string[] {
  const lines = [""];
  let row = 0;
  let column = 0;
  for (const [token] of written.join("").matchAll(/\u001b\[\d*(?:;\d+)*[A-Za-z]|[^]/g)) {
    if (token === "\n") {
      row += 1;
      column = 0;
      lines[row] ??= "";
    } else if (token === "\r") column = 0;
    else if (token.endsWith("A") && token.length > 1) row -= Number(token.slice(2, -1));
    else if (token === "\u001b[J") {
      lines.splice(row + 1);
      lines[row] = (lines[row] ?? "").slice(0, column);
    } else if (token.startsWith("\u001b[") && token.endsWith("m")) continue;
    else {
      assert.ok(!token.startsWith("\u001b"), `an unknown sequence ${JSON.stringify(token)}`);
      lines[row] = (lines[row] ?? "").slice(0, column) + token;
      column += 1;
    }
  }
  return lines;
}

const timeless = (lines: readonly string[]) => lines.map((line) => line.replace(/\d+\.\d s/, "N s").replace(/\d+:\d\d/, "M:SS"));
const untilDrawn = (written: readonly string[], pattern: RegExp): Promise<void> =>
  new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`never drawn: ${written.join("")}`)), 5_000);
    const look = setInterval(() => {
      if (!pattern.test(shown(written).join("\n"))) return;
      clearTimeout(limit);
      clearInterval(look);
      resolve();
    }, 20);
  });

describe("the screen on a terminal", () => {
  it("draws what runs over itself and leaves lines alone that are done", async () => {
    const terminal = stream(true);
    const screen = createScreen(terminal, { parts: ["the lab", "up"], env });
    await screen.part("the lab", () => screen.step("boot rack-1", () => Promise.resolve()));
    screen.show(["a table"]);
    await screen.part("up", async () => {
      await screen.follow(["rack-1"], async (onOutput) => {
        onOutput(" +  a:b:C rack-1-join creating (0s) \n");
        await untilDrawn(terminal.written, /rack-1 {2}creating join/);
        assert.deepEqual(timeless(shown(terminal.written)), [
          "  ✓ the lab N s",
          "a table",
          "  … up  M:SS",
          "      rack-1  creating join",
          "",
          "  2 of 2  M:SS  (Ctrl-C takes everything down)",
        ]);
      });
    });
    assert.deepEqual(timeless(shown(terminal.written)), ["  ✓ the lab N s", "a table", "  ✓ up N s", ""]);
  });

  it("keeps the line of a step that fails", async () => {
    const terminal = stream(true);
    const screen = createScreen(terminal, { env });
    const failing = screen.part("the lab", () => screen.step("boot rack-1", () => Promise.reject(new Error("no"))));
    await assert.rejects(failing, /^Error: no$/);
    assert.deepEqual(timeless(shown(terminal.written)), ["  ✗ boot rack-1 N s", "  ✗ the lab N s", ""]);
  });

  it("leaves the terminal as it was when it is stopped: the cursor on a line of its own, no mode changed, no word on what fails then", async () => {
    const terminal = stream(true);
    const screen = createScreen(terminal, { parts: ["the lab"], env });
    let fail: (error: Error) => void = () => undefined;
    const failing = screen.part("the lab", () => new Promise((_resolve, reject) => (fail = reject)));
    await untilDrawn(terminal.written, /1 of 1/);
    screen.stop();
    screen.note("interrupted: ending the lab");
    fail(new Error("its hosts are gone"));
    await assert.rejects(failing);
    assert.deepEqual(shown(terminal.written), ["interrupted: ending the lab", ""]);
    const escapes = /\u001b\[\d*(?:;\d+)*[A-Za-z]/g;
    assert.ok((terminal.written.join("").match(escapes) ?? []).every((sequence) => /[AJm]$/.test(sequence)));
  });
});

describe("the screen without a terminal", () => {
  it("writes plain lines, one a step, and a sign of life with how far a long one is", async () => {
    const pipe = stream(false);
    const screen = createScreen(pipe, { parts: ["the lab"], env });
    await screen.part("the lab", () =>
      screen.step("k3s: build it", async (report) => {
        report({ what: "packages compiled", done: 6, of: 12 });
        await untilDrawn(pipe.written, /… k3s/);
      }),
    );
    await screen.part("pulumi up", () =>
      screen.follow(["rack-1"], async (onOutput) => {
        onOutput(" +  a:b:C rack-1-join creating (0s) \n");
        await untilDrawn(pipe.written, /… pulumi up/);
      }),
    );
    screen.note("done");
    assert.deepEqual(
      pipe.written.map((line) => line.replace(/\d+\.\d s/, "N s")),
      [
        "  … the lab N s\n",
        "  … k3s: build it N s  ████████████░░░░░░░░░░░░  6 of 12 packages compiled\n",
        "  ✓ k3s: build it N s\n",
        "  ✓ the lab N s\n",
        "  … pulumi up N s  rack-1: creating join\n",
        "  ✓ pulumi up N s\n",
        "done\n",
      ],
    );
  });

  it("is what a pipe, CI, NO_COLOR and a dumb terminal get", () => {
    const terminal = { isTTY: true };
    assert.equal(isLive(terminal, env), true);
    assert.equal(isLive({}, env), false);
    for (const plain of [{ CI: "true" }, { NO_COLOR: "1" }, { TERM: "dumb" }, { TERM: "" }])
      assert.equal(isLive(terminal, { ...env, ...plain }), false);
  });
});
