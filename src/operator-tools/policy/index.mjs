export { clusterRules } from "./cluster-rules.cjs";
export { listClusters, mayHoldUnmarked } from "./marked-entries.mjs";
export { mergePolicy, removeCluster } from "./merge-entries.mjs";
export { findMissing } from "./find-missing.mjs";
export { findOpenings } from "./find-openings.mjs";
export { diffPolicy } from "./diff-policy.mjs";
export { mayMakeKeys } from "./tag-owners.mjs";
