import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { ObjectType, PropertyShape, PropertyType } from "./plugin/property-types";

/** Reads the shape of `interfaceName` out of a declaration file of a Pulumi SDK, so that the checks follow the installed package. */
export function readSdkType(packageDir: string, file: string, interfaceName: string): ObjectType {
  return readInterface(packageDir, join(packageDir, file), [interfaceName], `${dirname(file).replace(/^\.$/, "index")}.${interfaceName}`);
}

function readInterface(packageDir: string, file: string, path: readonly string[], name: string): ObjectType {
  const declaration = find(parse(file), path, ts.isInterfaceDeclaration);
  const properties = declaration.members.filter(ts.isPropertySignature).map((member): [string, PropertyShape] => {
    if (member.type === undefined) throw new Error(`${file}: ${member.name.getText()} has no type`);
    return [member.name.getText(), { type: readType(packageDir, member.type), required: member.questionToken === undefined }];
  });
  return { kind: "object", name, properties: Object.fromEntries(properties) };
}

const KEYWORDS = [
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
  [ts.SyntaxKind.AnyKeyword, "any"],
] as const;

function readType(packageDir: string, node: ts.TypeNode): PropertyType {
  const keyword = KEYWORDS.find(([kind]) => node.kind === kind);
  if (keyword !== undefined) return { kind: keyword[1] };
  if (ts.isArrayTypeNode(node)) return { kind: "list", of: readType(packageDir, node.elementType) };
  if (ts.isUnionTypeNode(node)) {
    const [only, ...others] = node.types.filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword);
    if (only !== undefined && others.length === 0) return readType(packageDir, only);
  }
  if (ts.isTypeLiteralNode(node)) {
    const [index] = node.members;
    if (index !== undefined && ts.isIndexSignatureDeclaration(index)) return { kind: "map", of: readType(packageDir, index.type) };
  }
  if (ts.isTypeReferenceNode(node)) return readReference(packageDir, node);
  throw new Error(`a property type that is not known here: ${node.getText()}`);
}

function readReference(packageDir: string, node: ts.TypeReferenceNode): PropertyType {
  const [root, ...path] = node.typeName.getText().split(".");
  const [argument] = node.typeArguments ?? [];
  if (root === "pulumi" && path[0] === "Input" && argument !== undefined) return readType(packageDir, argument);
  if (root === "inputs") return readInterface(packageDir, join(packageDir, "types/input.d.ts"), path, path.join("."));
  if (root === "enums") return readChoice(packageDir, path);
  throw new Error(`a property type that is not known here: ${node.getText()}`);
}

function readChoice(packageDir: string, path: readonly string[]): PropertyType {
  const file = join(packageDir, "types/enums", ...path.slice(0, -1), "index.d.ts");
  const literals = parse(file).statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement)) return [];
    const [declaration] = statement.declarationList.declarations;
    if (declaration?.name.getText() !== path.at(-1) || !declaration?.type || !ts.isTypeLiteralNode(declaration.type)) return [];
    return declaration.type.members.filter(ts.isPropertySignature).map((member) => member.type?.getText() ?? "");
  });
  if (literals.length === 0) throw new Error(`${file} has no choices named ${path.join(".")}`);
  return { kind: "choice", values: literals.map((literal) => JSON.parse(literal) as string) };
}

function parse(file: string): ts.SourceFile {
  if (!existsSync(file)) throw new Error(`${file} is missing; run "npm ci"`);
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}

/** The declaration at the end of a path of namespaces. */
function find<T extends ts.Node>(source: ts.SourceFile, path: readonly string[], is: (node: ts.Node) => node is T): T {
  let nodes: readonly ts.Node[] = source.statements;
  for (const [depth, name] of path.entries()) {
    const last = depth === path.length - 1;
    const found = nodes.find(
      (node) => (last ? is(node) : ts.isModuleDeclaration(node)) && (node as ts.DeclarationStatement).name?.getText() === name,
    );
    if (found !== undefined && last) return found as T;
    nodes = found !== undefined && ts.isModuleDeclaration(found) && found.body && ts.isModuleBlock(found.body) ? found.body.statements : [];
  }
  throw new Error(`${source.fileName} does not declare ${path.join(".")}`);
}
