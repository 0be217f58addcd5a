import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { downloadUrls, planSources } from "../../src/plan/plan-sources";
import { configWith } from "../helpers/config-builder";

describe("planSources", () => {
  it("fetches from the vendors, the installer pinned to the version", () => {
    assert.deepEqual(planSources(configWith(), ""), {
      tailscaleVersion: "1.88.3",
      tailscaleUrl: "https://pkgs.tailscale.com/stable",
      k3sInstallerUrl: "https://raw.githubusercontent.com/k3s-io/k3s/v1.35.4%2Bk3s1/install.sh",
      k3sReleasesUrl: "https://github.com/k3s-io/k3s/releases/download",
      k3sInstallerSum: "",
      withImages: false,
      caPem: "",
    });
  });

  it("fetches everything from the mirrors where they are given", () => {
    const installSha256 = "0123456789abcdef".repeat(4);
    const mirror = { k3s: "https://mirror.example.org/k3s/", installSha256, tailscale: "https://mirror.example.org/ts//" };
    const config = configWith({ mirror });
    assert.deepEqual(planSources(config, "PEM"), {
      tailscaleVersion: "1.88.3",
      tailscaleUrl: "https://mirror.example.org/ts",
      k3sInstallerUrl: "https://mirror.example.org/k3s/v1.35.4%2Bk3s1/install.sh",
      k3sReleasesUrl: "https://mirror.example.org/k3s",
      k3sInstallerSum: installSha256,
      withImages: true,
      caPem: "PEM",
    });
  });
});

describe("downloadUrls", () => {
  it("names the vendors, the k3s releases among them", () => {
    assert.deepEqual(downloadUrls(planSources(configWith(), "")), [
      "https://raw.githubusercontent.com/k3s-io/k3s/v1.35.4%2Bk3s1/install.sh",
      "https://github.com/k3s-io/k3s/releases/download",
      "https://pkgs.tailscale.com/stable/",
    ]);
  });

  it("names nothing but the mirrors where they are given", () => {
    const config = configWith({ mirror: { k3s: "https://mirror.example.org/k3s", tailscale: "https://mirror.example.org/ts" } });
    assert.deepEqual(downloadUrls(planSources(config, "")), [
      "https://mirror.example.org/k3s/v1.35.4%2Bk3s1/install.sh",
      "https://mirror.example.org/ts/",
    ]);
  });
});
