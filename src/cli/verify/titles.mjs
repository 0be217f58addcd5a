import { CHECKS } from "./judge.mjs";
import { HOST_CHECKS } from "./judge-host.mjs";

const OTHER_TITLES = {
  route: "a way to a node's pods",
  outside: "closed to the internet: the API and the kubelet",
  unseen: "the host can be looked at by SSH",
  "through-api": "every node is looked at through it",
  probe: "the probe's pod comes up",
};

/** @type {(check: string) => string} */
export const titleOf = (check) =>
  /** @type {Record<string, string>} */ ({ ...HOST_CHECKS, ...OTHER_TITLES })[check] ?? CHECKS[check]?.title ?? check;
