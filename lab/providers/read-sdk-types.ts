import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { ObjectType, PropertyShape, PropertyType } from "./plugin/property-types";

/** Reads shapes out of the declaration files of a Pulumi SDK, so that the checks follow the installed package. */
export class SdkTypeReader {
  private readonly sources = new Map<string, ts.SourceFile>();
  private readonly texts = new Map<string, string>();
  /** Shapes refer to each other, in circles too (an Azure subnet holds a NAT gateway that holds subnets). */
  private readonly interfaces = new Map<string, ObjectType>();

  constructor(private readonly packageDir: string) {}

  read(file: string, interfaceName: string): ObjectType {
    return this.readInterface(join(this.packageDir, file), [interfaceName], `${dirname(file).replace(/^\.$/, "index")}.${interfaceName}`);
  }

  private readInterface(file: string, path: readonly string[], name: string): ObjectType {
    const key = `${file}#${path.join(".")}`;
    const known = this.interfaces.get(key);
    if (known !== undefined) return known;
    const properties: Record<string, PropertyShape> = {};
    const type: ObjectType = { kind: "object", name, properties };
    this.interfaces.set(key, type);
    const { members } = this.find(file, path);
    for (const member of members.filter(ts.isPropertySignature)) {
      if (member.type === undefined) throw new Error(`${file}: ${member.name.getText()} has no type`);
      properties[member.name.getText()] = { type: this.readType(member.type), required: member.questionToken === undefined };
    }
    return type;
  }

  private readType(node: ts.TypeNode): PropertyType {
    const keyword = KEYWORDS.find(([kind]) => node.kind === kind);
    if (keyword !== undefined) return { kind: keyword[1] };
    if (ts.isArrayTypeNode(node)) return { kind: "list", of: this.readType(node.elementType) };
    if (ts.isUnionTypeNode(node)) return this.readUnion(node);
    if (ts.isTypeLiteralNode(node)) {
      const [index] = node.members;
      if (index !== undefined && ts.isIndexSignatureDeclaration(index)) return { kind: "map", of: this.readType(index.type) };
    }
    if (ts.isTypeReferenceNode(node)) return this.readReference(node);
    throw new Error(`a property type that is not known here: ${node.getText()}`);
  }

  private readUnion(node: ts.UnionTypeNode): PropertyType {
    const types = node.types.filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword);
    const [only, ...others] = types;
    if (only !== undefined && others.length === 0) return this.readType(only);
    // `string | enums.X` or `string | SomeResource`: any text passes here, and the cloud has the last word.
    if (types.some((type) => type.kind === ts.SyntaxKind.StringKeyword)) return { kind: "string" };
    const literals = types.map((type) => (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? type.literal.text : undefined));
    if (literals.every((literal) => literal !== undefined)) return { kind: "choice", values: literals };
    throw new Error(`a property type that is not known here: ${node.getText()}`);
  }

  private readReference(node: ts.TypeReferenceNode): PropertyType {
    const [root, ...path] = node.typeName.getText().split(".");
    const [argument] = node.typeArguments ?? [];
    if (root === "pulumi" && path[0] === "Input" && argument !== undefined) return this.readType(argument);
    if (root === "inputs") return this.readInterface(join(this.packageDir, "types/input.d.ts"), path, path.join("."));
    if (root === "enums") return this.readChoice(path);
    throw new Error(`a property type that is not known here: ${node.getText()}`);
  }

  private readChoice(path: readonly string[]): PropertyType {
    const file = join(this.packageDir, "types/enums", ...path.slice(0, -1), "index.d.ts");
    const literals = this.parse(file).statements.flatMap((statement) => {
      if (!ts.isVariableStatement(statement)) return [];
      const [declaration] = statement.declarationList.declarations;
      if (declaration?.name.getText() !== path.at(-1) || !declaration?.type || !ts.isTypeLiteralNode(declaration.type)) return [];
      return declaration.type.members.filter(ts.isPropertySignature).map((member) => member.type?.getText() ?? "");
    });
    if (literals.length === 0) throw new Error(`${file} has no choices named ${path.join(".")}`);
    return { kind: "choice", values: literals.map((literal) => JSON.parse(literal) as string) };
  }

  private parse(file: string, namespace = ""): ts.SourceFile {
    const key = `${file}#${namespace}`;
    const parsed = this.sources.get(key) ?? ts.createSourceFile(file, this.text(file, namespace), ts.ScriptTarget.Latest, true);
    this.sources.set(key, parsed);
    return parsed;
  }

  /** One namespace's text alone: the whole of a cloud's input.d.ts has millions of characters. */
  private text(file: string, namespace: string): string {
    if (!existsSync(file)) throw new Error(`${file} is missing; run "npm ci"`);
    const text = this.texts.get(file) ?? readFileSync(file, "utf8");
    this.texts.set(file, text);
    if (namespace === "") return text;
    const start = text.search(new RegExp(`^export (declare )?namespace ${namespace} \\{`, "m"));
    const end = text.indexOf("\n}", start);
    return start === -1 || end === -1 ? "" : text.slice(start, end + 2);
  }

  /** The interface at the end of a path of namespaces. */
  private find(file: string, path: readonly string[]): ts.InterfaceDeclaration {
    const source = this.parse(file, path.length > 1 ? path[0] : "");
    let nodes: readonly ts.Node[] = source.statements;
    for (const name of path.slice(0, -1)) {
      const found = nodes.find((node): node is ts.ModuleDeclaration => ts.isModuleDeclaration(node) && node.name.getText() === name);
      nodes = found?.body && ts.isModuleBlock(found.body) ? found.body.statements : [];
    }
    const last = path.at(-1);
    const declaration = nodes.find(
      (node): node is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(node) && node.name.getText() === last,
    );
    if (declaration === undefined) throw new Error(`${file} does not declare ${path.join(".")}`);
    return declaration;
  }
}

const KEYWORDS = [
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
  [ts.SyntaxKind.AnyKeyword, "any"],
] as const;
