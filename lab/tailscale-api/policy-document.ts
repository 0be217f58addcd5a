import { parse, printParseErrorCode } from "jsonc-parser";
import type { ParseError } from "jsonc-parser";
import { ApiError } from "./api-error";
import type { Shape } from "./shape";
import { readShape } from "./shape";

export interface AclRule {
  readonly action?: string;
  readonly src?: readonly string[];
  readonly dst?: readonly string[];
  /** Older names of src and dst, still accepted. */
  readonly users?: readonly string[];
  readonly ports?: readonly string[];
  readonly proto?: string;
  readonly srcPosture?: readonly string[];
}

export interface Grant {
  readonly src?: readonly string[];
  readonly dst?: readonly string[];
  readonly ip?: readonly string[];
  readonly app?: unknown;
  readonly srcPosture?: readonly string[];
  readonly via?: readonly string[];
}

export interface PolicyDocument {
  readonly acls?: readonly AclRule[];
  readonly grants?: readonly Grant[];
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly hosts?: Readonly<Record<string, string>>;
  readonly tagOwners?: Readonly<Record<string, readonly string[]>>;
  readonly autoApprovers?: {
    readonly routes?: Readonly<Record<string, readonly string[]>>;
    readonly exitNode?: readonly string[];
  };
}

const strings: Shape = { list: "string" };
const stringLists: Shape = { map: strings };

/** Fields of the policy file, from tailscale-client-go-v2's policyfile.go; sections that the lab does not look into are "any". */
const policyShape: Shape = {
  fields: {
    acls: {
      list: {
        fields: { action: "string", src: strings, dst: strings, users: strings, ports: strings, proto: "string", srcPosture: strings },
      },
    },
    grants: { list: { fields: { src: strings, dst: strings, ip: strings, app: "any", srcPosture: strings, via: strings } } },
    groups: stringLists,
    hosts: { map: "string" },
    tagOwners: stringLists,
    autoApprovers: { fields: { routes: stringLists, exitNode: strings, services: stringLists } },
    tests: {
      list: {
        fields: { src: "string", user: "string", proto: "string", accept: strings, allow: strings, deny: strings, srcPostureAttrs: "any" },
      },
    },
    ssh: {
      list: {
        fields: {
          action: "string",
          src: strings,
          dst: strings,
          users: strings,
          checkPeriod: "string",
          recorder: strings,
          enforceRecorder: "boolean",
          acceptEnv: strings,
          srcPosture: strings,
        },
      },
    },
    sshTests: "any",
    nodeAttrs: { list: { fields: { target: strings, attr: strings, app: "any", ipPool: strings } } },
    postures: stringLists,
    defaultSrcPosture: strings,
    ipsets: stringLists,
    derpMap: "any",
    attrConfig: "any",
    disableIPv4: "boolean",
    oneCGNATRoute: "string",
    randomizeClientPort: "boolean",
  },
};

/** Parses HuJSON (JSON with comments and trailing commas) and refuses unknown fields; references are checked by checkPolicy. */
export function parsePolicy(text: string): PolicyDocument {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined) {
    const before = text.slice(0, first.offset).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new ApiError(400, `hujson: line ${before.length}, column ${column}: ${printParseErrorCode(first.error)}`);
  }
  return readShape(policyShape, value) as PolicyDocument;
}
