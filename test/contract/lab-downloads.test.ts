import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { downloadProgram } from "../../lab/tools/download-program";
import type { Download } from "../../lab/tools/programs";
import { runOrFail } from "../../lab/tools/run-program";

// The vendors' downloads, which most machines that run these tests cannot reach, from a server of our own.
const folder = mkdtempSync(path.join(tmpdir(), "downloads-"));
const files = new Map<string, Buffer | string>();
const requests: string[] = [];
const server: Server = createServer((request, response) => {
  requests.push(request.url ?? "");
  const content = files.get(request.url ?? "");
  response.writeHead(content === undefined ? 404 : 200).end(content);
});
let origin: string;

const sha256 = (content: Buffer | string): string => createHash("sha256").update(content).digest("hex");
const release = (file: string, member?: string): Download => ({
  url: `${origin}/${file}`,
  checksumsUrl: `${origin}/sums`,
  algorithm: "sha256",
  ...(member === undefined ? {} : { member }),
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe("a vendor's download", () => {
  it("is verified, made executable and kept", async () => {
    files.set("/prog%2B1", "#!/bin/sh\n").set("/sums", `${sha256("other")}  other\n${sha256("#!/bin/sh\n")} *prog+1\n`);
    const file = await downloadProgram("prog", release("prog%2B1"), { cache: folder });
    assert.equal(readFileSync(file, "utf8"), "#!/bin/sh\n");
    assert.equal(statSync(file).mode & 0o777, 0o755);
    const before = requests.length;
    assert.equal(await downloadProgram("prog", release("prog%2B1"), { cache: folder }), file);
    assert.equal(requests.length, before);
  });

  it("is taken out of its archive", async () => {
    writeFileSync(path.join(folder, "tool"), "the tool");
    await runOrFail(["tar", "-C", folder, "-czf", path.join(folder, "tool.tgz"), "tool"]);
    const archive = readFileSync(path.join(folder, "tool.tgz"));
    files.set("/tool.tgz", archive).set("/sums", sha256(archive));
    assert.equal(readFileSync(await downloadProgram("tool", release("tool.tgz", "tool"), { cache: folder }), "utf8"), "the tool");
  });

  it("is refused with a wrong checksum, or none", async () => {
    files.set("/bad", "tampered").set("/sums", `${sha256("good")}  bad\n`);
    const seen = sha256("tampered");
    await assert.rejects(downloadProgram("bad", release("bad"), { cache: folder }), {
      message: `${origin}/bad has the checksum ${seen}, but ${origin}/sums says ${sha256("good")}.`,
    });
    files.set("/sums", `${seen}  other\n`);
    await assert.rejects(downloadProgram("bad", release("bad"), { cache: folder }), { message: `${origin}/sums has no checksum for bad.` });
  });

  it("is given up at once where its vendor cannot be reached, and is not asked for twice", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((resolve) => closed.close(resolve));
    const download: Download = { url: `${gone}/a`, checksumsUrl: `${gone}/sums`, algorithm: "sha256" };
    const started = performance.now();
    await assert.rejects(downloadProgram("a", download, { cache: folder }), new RegExp(`^Error: ${gone} cannot be reached \\(`));
    await assert.rejects(downloadProgram("b", { ...download, url: `${gone}/b` }), new RegExp(`^Error: ${gone} cannot be reached \\(`));
    assert.ok(performance.now() - started < 4_000);
  });
});
