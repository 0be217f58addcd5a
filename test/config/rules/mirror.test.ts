import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, privateKey, siteCa } from "../../helpers/config-builder";

describe("the rules for a mirror", () => {
  it("refuses what is no https URL", () => {
    assert.deepEqual(faultsOf({ "mirror.k3s": "http://mirror.example.org/k3s" }), [
      `hybrid-k3s:mirror.k3s: "http://mirror.example.org/k3s" is no https URL. Write the folder's URL, for example https://mirror.example.org/k3s.`,
    ]);
  });

  it("refuses a login in a URL without repeating it", () => {
    assert.deepEqual(faultsOf({ "mirror.k3s": "https://user:password@mirror.example.org/k3s" }), [
      "hybrid-k3s:mirror.k3s: has a login in it, which would be kept in plain text. Serve the mirror without a login to the hosts' networks.",
    ]);
  });

  it("refuses a query in a URL", () => {
    assert.deepEqual(faultsOf({ "mirror.tailscale": "https://mirror.example.org/ts?token=x" }), [
      `hybrid-k3s:mirror.tailscale: "https://mirror.example.org/ts?token=x" has a query or a fragment. Write the folder's URL; file names are added to it.`,
    ]);
  });

  it("refuses a sum that is none, or that no mirror's installer could have", () => {
    assert.deepEqual(faultsOf({ mirror: { k3s: "https://mirror.example.org/k3s", installSha256: "9CA7" } }), [
      `hybrid-k3s:mirror.installSha256: "9CA7" is no SHA-256. Write the 64 digits that sha256sum install.sh prints, in small letters.`,
    ]);
    assert.deepEqual(faultsOf({ mirror: { installSha256: "0123456789abcdef".repeat(4) } }), [
      "hybrid-k3s:mirror.installSha256: is set without a mirror that the installer comes from. Set mirror.k3s, or remove it.",
    ]);
  });

  it("refuses a CA file that cannot be read", () => {
    assert.deepEqual(
      faultsOf(
        { mirror: { k3s: "https://mirror.example.org", caFile: "ca.pem" } },
        { mirrorCa: { resolvedPath: "/project/ca.pem", text: undefined } },
      ),
      [`hybrid-k3s:mirror.caFile: "/project/ca.pem" cannot be read. Give a path relative to the project's folder, or an absolute one.`],
    );
  });

  it("refuses a CA file without a certificate", () => {
    assert.deepEqual(
      faultsOf(
        { mirror: { k3s: "https://mirror.example.org", caFile: "ca.pem" } },
        { mirrorCa: { resolvedPath: "/project/ca.pem", text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" } },
      ),
      [
        `hybrid-k3s:mirror.caFile: "/project/ca.pem" holds no certificate in PEM form. Give the certificate of the CA that signed the mirror's.`,
      ],
    );
  });

  it("refuses a private key in a CA file", () => {
    assert.deepEqual(
      faultsOf(
        { mirror: { k3s: "https://mirror.example.org", caFile: "ca.pem" } },
        { mirrorCa: { resolvedPath: "/project/ca.pem", text: privateKey } },
      ),
      [
        `hybrid-k3s:mirror.caFile: "/project/ca.pem" holds a private key. Give a file with the CA's certificate alone: it is copied to every host.`,
      ],
    );
  });

  it("refuses a CA file without a mirror", () => {
    assert.deepEqual(faultsOf({ mirror: { caFile: "ca.pem" } }, { mirrorCa: { resolvedPath: "/project/ca.pem", text: siteCa } }), [
      "hybrid-k3s:mirror.caFile: is set without a mirror to trust it for. Set mirror.k3s or mirror.tailscale, or remove it.",
    ]);
  });

  it("accepts mirrors and their CA", () => {
    const mirror = { k3s: "https://mirror.example.org/k3s/", tailscale: "https://mirror.example.org/ts", caFile: "ca.pem" };
    assert.deepEqual(faultsOf({ mirror }, { mirrorCa: { resolvedPath: "/project/ca.pem", text: siteCa } }), []);
  });
});
