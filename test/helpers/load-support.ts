/** A stand-in of the operator's tools' own tests. Those are JavaScript without types: `T` names what the caller needs of it. */
export async function loadSupport<T>(name: "headscale-server" | "policy-run" | "policy-texts" | "ssh-host" | "tailnet-server"): Promise<T> {
  return (await import(`../operator-tools/support/${name}.mjs`)) as T;
}
