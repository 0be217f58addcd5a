import { type CloudAction, CloudError, type CloudRequest } from "../contract";
import { invalidValue, missing } from "./refusals";

type Values = Readonly<Record<string, unknown>>;

/** The parameters of one request, or of a structure in it, read by type. Names that the action does not know are refused, as EC2 does. */
export class Parameters {
  constructor(
    private readonly values: Values,
    private readonly path = "",
  ) {}

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === "") throw missing(this.at(name));
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.typed(name, "string") as string | undefined;
  }

  optionalNumber(name: string): number | undefined {
    return this.typed(name, "number") as number | undefined;
  }

  optionalFlag(name: string): boolean | undefined {
    return this.typed(name, "boolean") as boolean | undefined;
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((value, index) => {
      if (typeof value !== "string") throw invalidValue(`${this.at(name)}.${index + 1}`, value, "Expected a string.");
      return value;
    });
  }

  structures(name: string, known: readonly string[]): readonly Parameters[] {
    return this.list(name).map((value, index) => nested(value, `${this.at(name)}.${index + 1}`, known));
  }

  structure(name: string, known: readonly string[]): Parameters | undefined {
    const value = this.values[name];
    return value === undefined || value === null ? undefined : nested(value, this.at(name), known);
  }

  /** From TagSpecifications, those for one kind of resource. */
  tagsFor(kind: string): Record<string, string> {
    const specifications = this.structures("TagSpecifications", ["ResourceType", "Tags"]);
    return Object.assign({}, ...specifications.filter((one) => one.text("ResourceType") === kind).map((one) => one.tags("Tags"))) as Record<
      string,
      string
    >;
  }

  tags(name: string): Record<string, string> {
    const pairs = this.structures(name, ["Key", "Value"]).map((tag) => [tag.text("Key"), tag.optionalText("Value") ?? ""] as const);
    for (const [key] of pairs) {
      if (key.startsWith("aws:"))
        throw new CloudError("InvalidParameterValue", `Tag keys starting with 'aws:' are reserved for internal use`);
    }
    return Object.fromEntries(pairs);
  }

  private list(name: string): readonly unknown[] {
    const value = this.values[name] ?? [];
    if (!Array.isArray(value)) throw invalidValue(this.at(name), value, "Expected a list.");
    return value;
  }

  private typed(name: string, type: string): unknown {
    const value = this.values[name] ?? undefined;
    if (value !== undefined && typeof value !== type) throw invalidValue(this.at(name), value, `Expected a ${type}.`);
    return value;
  }

  private at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

function nested(value: unknown, path: string, known: readonly string[]): Parameters {
  if (typeof value !== "object" || value === null) throw invalidValue(path, value, "Expected a structure.");
  refuseUnknown(value as Values, known, path);
  return new Parameters(value as Values, path);
}

function refuseUnknown(values: Values, known: readonly string[], path: string): void {
  const unknown = Object.keys(values).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CloudError("UnknownParameter", `The parameter ${path === "" ? unknown : `${path}.${unknown}`} is not recognized`);
}

/** An action that knows just these parameters. */
export function action<State>(
  known: readonly string[],
  stateOf: (region: string) => State,
  run: (state: State, parameters: Parameters) => unknown,
): CloudAction {
  return (request: CloudRequest) => {
    const { region, ...values } = request;
    refuseUnknown(values, known, "");
    return run(stateOf(region), new Parameters(values));
  };
}
