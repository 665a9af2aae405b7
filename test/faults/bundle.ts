import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the bundled program. */
    readonly program: string;
    /** How long the harnesses go on. */
    readonly form: "short" | "long";
  }
}

/** CommonJS packages inside the bundle ask for it. */
const REQUIRE =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/**
 * Bundles the program once for all files: started a thousand times, it would spend most of its life being compiled.
 * The bundle lies as deep in its folder as the program does in the repository, for it reads files beside itself.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "gepa-faults-"));
  const outdir = join(folder, "src/cli");
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: ["src/cli/main.ts"],
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    external: ["libsql", "pg-native"],
    minifyWhitespace: true,
    minifySyntax: true,
    banner: { js: REQUIRE },
    logLevel: "error",
  });
  await copyFile("package.json", join(folder, "package.json"));
  await symlink(resolve("gen"), join(folder, "gen"));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  project.provide("program", join(outdir, "main.js"));
  return () => rm(folder, { recursive: true, force: true });
}
