/** What main.ts is started with (a JSON file). */
export interface TailscaleApiConfig {
  readonly listen: { readonly address: string; readonly port: number; readonly certificateFile: string; readonly keyFile: string };
  /** Unix socket of the interface for the lab's tests. */
  readonly adminSocket: string;
  readonly stateFile: string;
  /** One JSON line a request: time, method, path, status, actor; never a body or a header. */
  readonly requestLog: string;
  /** Domain of the devices' full names; the tailnet's name in paths, beside "-". */
  readonly tailnetDomain: string;
  readonly headscale: HeadscaleAccess;
}

export interface HeadscaleAccess {
  readonly program: string;
  readonly configFile: string;
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
  readonly caFile: string;
}
