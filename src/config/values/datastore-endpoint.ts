/** What k3s is told of an external datastore, as far as it matters here. */
export interface DatastoreEndpoint {
  readonly kind: "Postgres" | "MySQL" | "etcd";
  /** Where it is reached; of several one is enough. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Its name there; empty for an etcd, which has none. */
  readonly database: string;
}

/** Nothing of the value stands in it: that holds a password. */
export interface EndpointFault {
  readonly problem: string;
  readonly remedy: string;
}

const forms = {
  Postgres: "postgres://USER:PASSWORD@HOST:5432/DATABASE",
  MySQL: "mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE",
  etcd: "https://HOST:2379,https://HOST:2379",
};
/** Which kine takes where none is named. */
const USUAL_DATABASE = "kubernetes";
const anyForm = `Write ${forms.Postgres}, ${forms.MySQL} (MariaDB too), or ${forms.etcd}.`;

/** The forms that k3s documents (https://docs.k3s.io/datastore), each with a host that is not a socket's path. */
export function readDatastoreEndpoint(text: string): DatastoreEndpoint | EndpointFault {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    const remedy =
      "Write it on one line, in ASCII, other characters of a Postgres password as %XX; if it came from a file, mind its line break.";
    return { problem: "has a blank, a line break or a character beyond ASCII", remedy };
  }
  const [, scheme, rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/.exec(text) ?? [];
  switch (scheme) {
    case undefined:
      return { problem: "has no scheme", remedy: anyForm };
    case "postgres":
    case "postgresql":
      return readPostgres(rest);
    case "mysql":
      return readMysql(rest);
    case "http":
    case "https":
      return readEtcd(text);
    default:
      return { problem: `has the scheme ${scheme.slice(0, 20)}, which is not available`, remedy: anyForm };
  }
}

function readPostgres(rest: string): DatastoreEndpoint | EndpointFault {
  const encode = "characters of the password that mean something in a URL (@ : / ? # %) are written as %XX";
  const remedy = `Write ${forms.Postgres}; ${encode}.`;
  const [authority = ""] = rest.split(/[/?#]/);
  const at = authority.lastIndexOf("@");
  if (/%(?![0-9A-Fa-f]{2})/.test(rest)) return { problem: "has a % that begins no %XX", remedy };
  if (authority.slice(0, Math.max(at, 0)).includes("@")) return { problem: "has more than one @ before its host", remedy };
  const [path = "", options = ""] = rest.slice(authority.length).split("#")[0]?.split("?") ?? [];
  // By the option pgx goes before the path; by the path kine has it in small letters (kine: pkg/drivers/pgsql/pgsql.go).
  const database = new URLSearchParams(options).get("dbname") ?? path.slice(1).toLowerCase();
  return located("Postgres", [authority.slice(at + 1)], 5432, remedy, database || USUAL_DATABASE);
}

/** As github.com/go-sql-driver/mysql reads it: the last slash is before the database, the last @ before the host. */
function readMysql(rest: string): DatastoreEndpoint | EndpointFault {
  const remedy = `Write ${forms.MySQL}.`;
  const login = rest.slice(0, Math.max(rest.lastIndexOf("/"), 0));
  if (login === "") return { problem: "has no slash before the name of the database", remedy };
  const [, network, address = ""] = /^([a-z]*)(?:\((.*)\))?$/.exec(login.slice(login.lastIndexOf("@") + 1)) ?? [];
  if (network !== "tcp") return { problem: "has no host in the form tcp(HOST:PORT)", remedy };
  const [database] = rest.slice(login.length + 1).split("?");
  return located("MySQL", [address], 3306, remedy, database || USUAL_DATABASE);
}

function readEtcd(text: string): DatastoreEndpoint | EndpointFault {
  const remedy = `Write ${forms.etcd}, a URL for each member.`;
  const parts = text.split(",").map((part) => /^https?:\/\/([^/?#@]+)\/?$/.exec(part)?.[1]);
  if (parts.includes(undefined)) return { problem: "is no list of addresses with https:// and a port", remedy };
  return located("etcd", parts as string[], undefined, remedy, "");
}

function located(
  kind: DatastoreEndpoint["kind"],
  addresses: readonly string[],
  usual: number | undefined,
  remedy: string,
  database: string,
): DatastoreEndpoint | EndpointFault {
  const hosts = addresses.map((address) => {
    const [, bracketed, name, port = usual] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*))(?::([^:]*))?$/.exec(address) ?? [];
    return { host: bracketed ?? name ?? "", port: /^\d{1,5}$/.test(String(port)) ? Number(port) : Number.NaN };
  });
  if (hosts.some(({ host }) => host === "")) return { problem: "has no host that can be reached from all servers", remedy };
  if (!hosts.every(({ port }) => port >= 1 && port <= 65535)) return { problem: "has a host without a port from 1 to 65535", remedy };
  return { kind, hosts, database };
}

/** A host that is each server's own. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.[\d.]+|::1)$/i.test(host);
}
