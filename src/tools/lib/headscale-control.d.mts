/** What an operator reads whose headscale keeps its policy in a file. */
export const FIXED_POLICY: string;
