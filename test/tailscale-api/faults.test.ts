import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Faults, faultAnswer } from "../../lab/tailscale-api/faults";

describe("the faults of the emulated API", () => {
  it("hit the matching requests, as many as asked for, after those that are skipped", () => {
    const faults = new Faults();
    faults.add({ method: "POST", path: "/acl$", times: 2, skip: 1, status: 500 });
    const hits = (method: string, path: string): boolean => faults.take(method, path) !== undefined;
    assert.equal(hits("GET", "/tailnet/-/acl"), false);
    assert.equal(hits("POST", "/tailnet/-/acl/validate"), false);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => hits("POST", "/tailnet/-/acl")),
      [false, true, true, false],
    );
    assert.deepEqual(faults.list(), []);
  });

  it("answer in the vendor's words unless told otherwise", () => {
    const said = (status: number, path = "/tailnet/-/acl"): unknown => faultAnswer({ times: 1, status }, path).json;
    assert.deepEqual(said(401), { message: "API token invalid" });
    assert.deepEqual(said(403), { message: "calling actor does not have enough permissions to perform this function" });
    assert.deepEqual(said(404), { message: "tailnet not found" });
    assert.deepEqual(said(404, "/device/1"), { message: "no manageable device matching this ID found" });
    assert.deepEqual(said(412), { message: "precondition failed, invalid old hash" });
    assert.deepEqual(faultAnswer({ times: 1, status: 400, message: "no" }, "/"), { status: 400, json: { message: "no" }, headers: {} });
  });

  it("carry Retry-After, and a proxy's page in the place of JSON", () => {
    assert.deepEqual(faultAnswer({ times: 1, status: 429, retryAfterSeconds: 7 }, "/").headers, { "retry-after": "7" });
    const { text, json } = faultAnswer({ times: 1, status: 502, body: "<h1>Bad Gateway</h1>" }, "/");
    assert.deepEqual([text, json], [{ type: "text/html", content: "<h1>Bad Gateway</h1>" }, undefined]);
  });
});
