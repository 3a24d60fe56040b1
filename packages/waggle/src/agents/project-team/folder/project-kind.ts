import type { FileEntry } from "../../../ports/workspace.ts";
import { nameOf } from "./relative-path.ts";

/** What a folder is a project of, by the manifest files at its root. */
export type ProjectKind =
  | "node"
  | "deno"
  | "python"
  | "go"
  | "rust"
  | "java"
  | "dotnet"
  | "ruby"
  | "php"
  | "elixir"
  | "c";

const MANIFESTS: readonly (readonly [ProjectKind, RegExp])[] = [
  ["node", /^package\.json$/],
  ["deno", /^deno\.jsonc?$/],
  ["python", /^(pyproject\.toml|setup\.py|setup\.cfg|requirements\.txt|Pipfile)$/],
  ["go", /^go\.mod$/],
  ["rust", /^Cargo\.toml$/],
  ["java", /^(pom\.xml|build\.gradle(\.kts)?)$/],
  ["dotnet", /\.(sln|csproj|fsproj)$/],
  ["ruby", /^(Gemfile|[^/]+\.gemspec)$/],
  ["php", /^composer\.json$/],
  ["elixir", /^mix\.exs$/],
  ["c", /^(CMakeLists\.txt|meson\.build|configure\.ac)$/],
];

/** The kinds of the project whose files are `files`, in a fixed order; none for a folder without a manifest. */
export function projectKinds(files: readonly FileEntry[]): readonly ProjectKind[] {
  const atRoot = files.map((file) => file.path).filter((path) => nameOf(path) === path);
  return MANIFESTS.filter(([, pattern]) => atRoot.some((name) => pattern.test(name))).map(
    ([kind]) => kind,
  );
}
