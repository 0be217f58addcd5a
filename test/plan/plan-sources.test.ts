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
      withImages: false,
      caPem: "",
    });
  });

  it("fetches everything from the mirrors where they are given", () => {
    const config = configWith({ mirror: { k3s: "https://mirror.example.org/k3s/", tailscale: "https://mirror.example.org/ts//" } });
    assert.deepEqual(planSources(config, "PEM"), {
      tailscaleVersion: "1.88.3",
      tailscaleUrl: "https://mirror.example.org/ts",
      k3sInstallerUrl: "https://mirror.example.org/k3s/v1.35.4%2Bk3s1/install.sh",
      k3sReleasesUrl: "https://mirror.example.org/k3s",
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
