import type { Shape } from "../shape";
import { readShape } from "../shape";
import { parseHujson } from "./hujson";

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
  readonly app?: Readonly<Record<string, unknown>>;
  readonly srcPosture?: readonly string[];
  readonly via?: readonly string[];
}

export interface SshRule {
  readonly action?: string;
  readonly src?: readonly string[];
  readonly dst?: readonly string[];
  readonly users?: readonly string[] | null;
  readonly checkPeriod?: string | null;
  readonly acceptEnv?: readonly string[] | null;
  readonly srcPosture?: readonly string[];
}

/** A statement about Tailscale SSH: the lists are of login names (https://tailscale.com/kb/1337/policy-syntax#ssh-tests). */
export interface SshTest {
  readonly src?: string;
  readonly dst?: readonly string[];
  readonly accept?: readonly string[];
  readonly check?: readonly string[];
  readonly deny?: readonly string[];
}

/** A statement about access that must hold whenever the file is saved (https://tailscale.com/kb/1337/policy-syntax#tests). */
export interface PolicyTest {
  readonly src?: string;
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
  /** Older names of src and accept, still accepted. */
  readonly user?: string;
  readonly allow?: readonly string[];
  readonly proto?: string;
  readonly srcPostureAttrs?: Readonly<Record<string, unknown>>;
}

export interface NodeAttribute {
  readonly target?: readonly string[];
  readonly attr?: readonly string[];
  readonly ipPool?: readonly string[];
}

type Names = Readonly<Record<string, readonly string[]>>;

export interface PolicyDocument {
  readonly acls?: readonly AclRule[];
  readonly grants?: readonly Grant[];
  readonly groups?: Names;
  readonly hosts?: Readonly<Record<string, string>>;
  readonly tagOwners?: Names;
  readonly autoApprovers?: { readonly routes?: Names; readonly exitNode?: readonly string[]; readonly services?: Names };
  readonly tests?: readonly PolicyTest[];
  readonly ssh?: readonly SshRule[];
  readonly sshTests?: readonly SshTest[];
  readonly nodeAttrs?: readonly NodeAttribute[];
  readonly postures?: Names;
  readonly defaultSrcPosture?: readonly string[];
  readonly ipsets?: Names;
  readonly derpMap?: unknown;
  readonly disableIPv4?: boolean;
}

const strings: Shape = { list: "string" };
const stringLists: Shape = { map: strings };

const testShape: Shape = {
  fields: {
    ...{ src: "string", user: "string", proto: "string" },
    ...{ accept: strings, allow: strings, deny: strings, srcPostureAttrs: { map: "any" } },
  },
};

const sshShape: Shape = {
  fields: {
    ...{ action: "string", src: strings, dst: strings, users: strings, checkPeriod: "string", acceptEnv: strings },
    ...{ recorder: strings, enforceRecorder: "boolean", srcPosture: strings },
  },
};

const sshTestShape: Shape = {
  fields: { src: "string", dst: strings, accept: strings, check: strings, deny: strings, srcPostureAttrs: { map: "any" } },
};

/** Fields of the policy file, from tailscale-client-go-v2's policyfile.go and https://tailscale.com/kb/1337/policy-syntax. */
const policyShape: Shape = {
  fields: {
    acls: {
      list: {
        fields: { action: "string", src: strings, dst: strings, users: strings, ports: strings, proto: "string", srcPosture: strings },
      },
    },
    grants: { list: { fields: { src: strings, dst: strings, ip: strings, app: { map: "any" }, srcPosture: strings, via: strings } } },
    groups: stringLists,
    hosts: { map: "string" },
    tagOwners: stringLists,
    autoApprovers: { fields: { routes: stringLists, exitNode: strings, services: stringLists } },
    tests: { list: testShape },
    ssh: { list: sshShape },
    sshTests: { list: sshTestShape },
    nodeAttrs: { list: { fields: { target: strings, attr: strings, app: "any", ipPool: strings } } },
    postures: stringLists,
    defaultSrcPosture: strings,
    ipsets: stringLists,
    derpMap: "any",
    attrConfig: { map: "any" },
    disableIPv4: "boolean",
    oneCGNATRoute: "string",
    randomizeClientPort: "boolean",
  },
};

/** Parses the file and refuses unknown fields; what the names in it refer to is checked by checkPolicy. */
export function parsePolicy(text: string): PolicyDocument {
  return readShape(policyShape, parseHujson(text)) ?? {};
}

/** The body of /acl/validate in its other mode: tests alone, as an array. */
export function parseTests(text: string): readonly PolicyTest[] {
  return (readShape({ list: testShape }, parseHujson(text)) ?? []) as readonly PolicyTest[];
}
