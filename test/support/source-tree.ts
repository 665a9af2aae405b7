import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The checkout that the tests belong to. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Folders and files that are no part of the repository, as `.gitignore` says. */
const IGNORED = /^(\.git|node_modules|dist|coverage|\.gepa-next|\.env)$|\.(log|db|db-wal|db-shm)$/;

/** Paths of all files under a folder of the checkout, with forward slashes, sorted. */
export function filesUnder(folder = "."): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (IGNORED.test(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesUnder(path));
    else found.push(path);
  }
  return found.sort();
}

/** Text of a file of the checkout. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A file of ours as the compiler reads it. */
export function parseSource(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readText(path), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

/** Every node of a file, the file itself first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** What a file imports, of types too: paths of the checkout for files, plain names for packages. */
export function importsOf(source: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  for (const node of nodesOf(source)) {
    const text = specifierOf(node);
    if (text !== undefined) specifiers.push(text);
  }
  return specifiers.map((s) => (s.startsWith(".") ? posix.join(posix.dirname(source.fileName), s) : s));
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return literal(node.arguments[0]);
  }
  return undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

/** A path of this machine as a path of the checkout. */
export function pathInTree(absolute: string): string {
  return relative(ROOT, absolute).split(sep).join("/");
}
