export { clusterRules } from "./cluster-rules.cjs";
export { clustersIn, mayHoldUnmarked } from "./marked-entries.mjs";
export { mergedPolicy, withoutCluster } from "./merge.mjs";
export { missingFor } from "./missing.mjs";
export { openings } from "./openings.mjs";
export { policyDiff } from "./policy-diff.mjs";
export { mayMakeKeys } from "./tag-owners.mjs";
