import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { controlOf } from "../../../lab/console";
import type { Lab } from "../../../lab/lab";
import { HeadscaleClient } from "../../../lab/tailscale-api/headscale-client";

const LIMIT_MS = 20_000;

interface ListedNode {
  readonly id: number;
  readonly name: string;
  readonly given_name: string;
  /** Until 0.27; later tags. */
  readonly forced_tags?: readonly string[];
  readonly tags?: readonly string[];
  readonly approved_routes?: readonly string[];
  readonly available_routes?: readonly string[];
}

/** headscale as its operator has it on its own machine: the command, through its socket. */
export class HeadscaleCli {
  constructor(private readonly lab: Lab) {}

  async run(...argv: readonly string[]): Promise<string> {
    const { program, configFile } = controlOf(this.lab).prepared.apiConfig.headscale;
    return (await promisify(execFile)(program, ["-c", configFile, ...argv], { timeout: LIMIT_MS })).stdout;
  }

  createApiKey(): Promise<string> {
    return HeadscaleClient.createApiKey(controlOf(this.lab).prepared.apiConfig.headscale);
  }

  async policy(): Promise<string> {
    return (await this.run("policy", "get")).trimEnd();
  }

  /** Its nodes with this tag, by the host name that they report. */
  async nodesOf(tag: string): Promise<ReadonlyMap<string, ListedNode>> {
    const all = (JSON.parse(await this.run("nodes", "list", "-o", "json")) ?? []) as ListedNode[];
    return new Map(all.filter(({ forced_tags, tags = forced_tags }) => tags?.includes(tag)).map((node) => [node.name, node]));
  }

  async userNames(): Promise<readonly string[]> {
    return ((JSON.parse(await this.run("users", "list", "-o", "json")) ?? []) as { name: string }[]).map(({ name }) => name);
  }
}
