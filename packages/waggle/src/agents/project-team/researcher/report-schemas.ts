import { z } from "zod";
import { findingSchema } from "../finding.ts";
import type { DependencyReport } from "./dependency-report.ts";
import type { Inventory } from "./inventory.ts";
import type { TodoReport } from "./todos.ts";

const count = z.number().int().min(0);
const strings = z.array(z.string());
const role = z.enum(["source", "test", "fixture", "tooling", "generated"]);

/** Checks an {@link Inventory}. */
export const inventorySchema: z.ZodType<Inventory, Inventory> = z.object({
  kind: z.literal("inventory"),
  projectKinds: z.array(
    z.enum([
      "node",
      "deno",
      "python",
      "go",
      "rust",
      "java",
      "dotnet",
      "ruby",
      "php",
      "elixir",
      "c",
    ]),
  ),
  fileCount: count,
  sizeBytes: count,
  lines: count,
  languages: z.array(z.object({ name: z.string(), files: count, lines: count, sizeBytes: count })),
  manifest: z
    .object({
      name: z.string().nullable(),
      version: z.string().nullable(),
      isPrivate: z.boolean(),
      license: z.string().nullable(),
      moduleType: z.enum(["module", "commonjs"]),
      engines: z.record(z.string(), z.string()),
      scripts: strings,
      otherManifests: count,
    })
    .nullable(),
  entryPoints: z.array(
    z.object({
      field: z.string(),
      target: z.string(),
      state: z.enum(["found", "missing", "fallback", "outside"]),
      isBuilt: z.boolean(),
    }),
  ),
  testFileCount: count,
  testFiles: strings,
  largest: z.array(z.object({ path: z.string(), sizeBytes: count })),
  skippedFolders: strings,
  unreadable: z.array(z.object({ path: z.string(), reason: z.string() })),
  findings: z.array(findingSchema),
  notDone: strings,
});

/** Checks a {@link TodoReport}. */
export const todoReportSchema: z.ZodType<TodoReport, TodoReport> = z.object({
  kind: z.literal("todos"),
  counts: z.object({ TODO: count, FIXME: count, XXX: count, HACK: count }),
  items: z.array(
    z.object({
      tag: z.enum(["TODO", "FIXME", "XXX", "HACK"]),
      file: z.string(),
      line: count,
      text: z.string(),
    }),
  ),
  filesRead: count,
  findings: z.array(findingSchema),
  notDone: strings,
});

/** Checks a {@link DependencyReport}. */
export const dependencyReportSchema: z.ZodType<DependencyReport, DependencyReport> = z.object({
  kind: z.literal("dependencies"),
  manifests: z.array(
    z.object({
      path: z.string(),
      name: z.string().nullable(),
      counts: z.object({
        dependencies: count,
        devDependencies: count,
        peerDependencies: count,
        optionalDependencies: count,
      }),
    }),
  ),
  declared: z.array(
    z.object({
      name: z.string(),
      range: z.string(),
      sort: z.enum(["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"]),
      manifest: z.string(),
      isInstalled: z.boolean().nullable(),
      use: z.enum(["imported", "mentioned", "implied", "nowhere"]),
      importedBy: strings,
    }),
  ),
  undeclared: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      line: count,
      role,
      uses: count,
      isOptional: z.boolean(),
      isInstalled: z.boolean(),
    }),
  ),
  shippedDev: z.array(z.object({ name: z.string(), file: z.string(), line: count })),
  builtins: strings,
  hasModules: z.boolean(),
  scriptsRead: count,
  findings: z.array(findingSchema),
  notDone: strings,
});
