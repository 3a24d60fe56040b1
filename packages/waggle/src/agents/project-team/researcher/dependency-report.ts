import type { Finding } from "../finding.ts";
import type { FileRole } from "../folder/file-role.ts";
import type { DependencySort } from "../folder/manifest.ts";

/** A dependency as a package.json declares it, and what became of it. */
export interface DeclaredDependency {
  readonly name: string;
  readonly range: string;
  readonly sort: DependencySort;
  /** Path of the package.json. */
  readonly manifest: string;
  /** null: not looked at, because this manifest is not installed together with the root's. */
  readonly isInstalled: boolean | null;
  /**
   * `imported` by a script; `mentioned` in configuration, scripts or code; `implied` by another package or by the
   * sort of files there are; `nowhere`.
   */
  readonly use: "imported" | "mentioned" | "implied" | "nowhere";
  /** Roles of the files that import it, sorted. */
  readonly importedBy: readonly string[];
}

/** A package that is used and not declared. */
export interface UndeclaredPackage {
  readonly name: string;
  /** The first use, by role (source first), file and line. */
  readonly file: string;
  readonly line: number;
  readonly role: FileRole;
  readonly uses: number;
  /** Every use expects that it may be missing, or takes only types. */
  readonly isOptional: boolean;
  readonly isInstalled: boolean;
}

/** A package declared for development only that shipped code loads. */
export interface ShippedDevDependency {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** What `analyseDependencies` saw. */
export interface DependencyReport {
  readonly kind: "dependencies";
  readonly manifests: readonly {
    readonly path: string;
    readonly name: string | null;
    readonly counts: Readonly<Record<DependencySort, number>>;
  }[];
  /** By manifest and name; at most 500. */
  readonly declared: readonly DeclaredDependency[];
  /** By name; at most 100. */
  readonly undeclared: readonly UndeclaredPackage[];
  readonly shippedDev: readonly ShippedDevDependency[];
  readonly builtins: readonly string[];
  /** True if the root has a `node_modules` folder. */
  readonly hasModules: boolean;
  readonly scriptsRead: number;
  readonly findings: readonly Finding[];
  /** What was left out and why, in sentences. */
  readonly notDone: readonly string[];
}
