/** What a module name in an import refers to. */
export type ModuleTarget =
  /** `name` is the package without its subpath. */
  | { readonly type: "package"; readonly name: string }
  | { readonly type: "builtin"; readonly name: string }
  /** Relative or absolute path. */
  | { readonly type: "file" }
  /** `#name` (imports of package.json), `scheme:name`, aliases such as `@/x` and `~/x`: no package name. */
  | { readonly type: "other" };

/** Modules that come with Node and can be named without `node:` (Node 24). */
const BUILTINS: ReadonlySet<string> = new Set(
  (
    "assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram " +
    "diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector " +
    "inspector/promises module net os path path/posix path/win32 perf_hooks process punycode querystring " +
    "readline readline/promises repl stream stream/consumers stream/promises stream/web string_decoder sys " +
    "timers timers/promises tls trace_events tty url util util/types v8 vm wasi worker_threads zlib"
  ).split(" "),
);

const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;

/** Sorts a module name as it stands in an import. */
export function moduleTarget(specifier: string): ModuleTarget {
  // Loaders of bundlers: `name?raw`, `loader!name`.
  const bare = specifier.split("?")[0] ?? "";
  if (bare === "" || bare.startsWith(".") || bare.startsWith("/")) return { type: "file" };
  if (bare.startsWith("node:")) return { type: "builtin", name: bare.slice(5) };
  if (BUILTINS.has(bare)) return { type: "builtin", name: bare };
  if (bare.startsWith("#") || bare.includes(":") || bare.includes("!")) return { type: "other" };
  const parts = bare.split("/");
  const name = bare.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
  if (!PACKAGE_NAME.test(name) || name.startsWith("~")) return { type: "other" };
  return { type: "package", name };
}

/** The package that holds the types of `name`: `@types/name`, `@types/scope__name`. */
export function typesPackage(name: string): string {
  return `@types/${name.replace(/^@/, "").replace("/", "__")}`;
}
