import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { NodeRuntime } from "./node-runtime.ts";

/** Uid and gid of commands when Waggle runs as root: `nobody`. */
export const NOBODY: number = 65_534;

/** Home folder inside: empty, writable, gone after the command. */
export const HOME_INSIDE: string = "/home/sandbox";

/** Folder inside that holds Node, npm and the start script. */
const RUNTIME_INSIDE = "/run/waggle";

/** Laid out like a Node installation, so that npm finds itself. */
const NPM_INSIDE = `${RUNTIME_INSIDE}/lib/node_modules/npm`;

/** `PATH` inside. */
export const PATH_INSIDE: string = `${RUNTIME_INSIDE}/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin`;

/** Gives up root. Part of util-linux. */
export const SETPRIV: string = "/usr/bin/setpriv";

const PRLIMIT = "/usr/bin/prlimit";

/** Where the start script stands inside. */
const SCRIPT_INSIDE: string = `${RUNTIME_INSIDE}/start`;

/** What a command sees of the machine. All paths absolute and outside, unless the name says otherwise. */
export interface SandboxView {
  readonly runtime: NodeRuntime;
  readonly script: string;
  /** Folder of the files made by {@link ETC_FILES}. */
  readonly etcFolder: string;
  readonly copy: string;
  /** Where the copy is seen: the original's path. */
  readonly folderInside: string;
  /**
   * `node_modules` folders of the original, relative to it; seen read-only in the copy. No part of their paths is a
   * link, neither in the original nor in the copy: bubblewrap would follow it, with the rights of Waggle.
   */
  readonly moduleFolders: readonly string[];
  readonly original: string;
  readonly network: boolean;
  /** Largest size of each of the temporary file systems, in bytes. */
  readonly temporaryBytes: number;
  readonly asRoot: boolean;
}

/** Files that stand in for the machine's own under `/etc`, by name. */
export const ETC_FILES: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/:/usr/sbin/nologin\nwaggle:x:${NOBODY}:${NOBODY}:waggle:${HOME_INSIDE}:/bin/sh\n`,
  group: `root:x:0:\nwaggle:x:${NOBODY}:\n`,
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** Of the machine's `/etc`: what programs need to be loaded at all. */
const ETC_SHARED: readonly string[] = [
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/alternatives",
];

/** And what the network needs. */
const ETC_NETWORK: readonly string[] = [
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/tls/certs",
  "/etc/pki/ca-trust/extracted",
  "/etc/ca-certificates/extracted",
];

const SYSTEM_FOLDERS: readonly string[] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Folders inside that a project cannot stand in the place of, nor above. */
export const TAKEN_INSIDE: readonly string[] = [
  "/bin",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/sbin",
  "/sys",
  "/tmp",
  "/usr",
  HOME_INSIDE,
  RUNTIME_INSIDE,
];

/** Folders inside that a project cannot stand below. */
export const CLOSED_INSIDE: readonly string[] = ["/dev", "/proc", "/sys", RUNTIME_INSIDE];

/** Options of `bwrap`, to be given through `--args`. Order matters: later mounts cover earlier ones. */
export function bubblewrapOptions(view: SandboxView): readonly string[] {
  const size = ["--size", String(view.temporaryBytes)];
  return [
    "--die-with-parent",
    "--new-session",
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    ...["--hostname", "sandbox"],
    ...(view.network ? [] : ["--unshare-net"]),
    ...identity(view.asRoot),
    "--clearenv",
    ...["--ro-bind", "/usr", "/usr"],
    ...SYSTEM_FOLDERS.flatMap(systemFolder),
    ...readOnlyIfThere("/nix/store"),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...[...size, "--tmpfs", "/dev/shm", "--chmod", "1777", "/dev/shm", "--remount-ro", "/dev"],
    ...[...size, "--tmpfs", "/tmp", "--chmod", "1777", "/tmp"],
    ...[HOME_INSIDE, "/etc/x", `${RUNTIME_INSIDE}/bin/x`, NPM_INSIDE, view.folderInside].flatMap(
      foldersAbove,
    ),
    ...[...size, "--tmpfs", HOME_INSIDE, "--chmod", "1777", HOME_INSIDE],
    ...ETC_SHARED.flatMap(readOnlyIfThere),
    ...Object.keys(ETC_FILES).flatMap((name) => [
      "--ro-bind",
      join(view.etcFolder, name),
      `/etc/${name}`,
    ]),
    ...(view.network ? networkFiles() : []),
    ...runtimeMounts(view.runtime),
    ...["--ro-bind", view.script, SCRIPT_INSIDE],
    // Last: nothing is mounted below a place that an earlier command could have turned into a link.
    ...["--bind", view.copy, view.folderInside],
    ...view.moduleFolders.flatMap((path) => [
      "--ro-bind",
      join(view.original, path),
      join(view.folderInside, path),
    ]),
    ...["--remount-ro", "/"],
    ...["--chdir", "/"],
  ];
}

/**
 * The programs to put before the start script inside. As root it gives up being root.
 * @param processes - Bound on processes by the kernel itself, where it counts them per sandbox; undefined: none.
 */
export function startInside(asRoot: boolean, processes: number | undefined): readonly string[] {
  const shell = ["/bin/sh", SCRIPT_INSIDE];
  if (!asRoot) return processes === undefined ? shell : [PRLIMIT, `--nproc=${processes}`, ...shell];
  return [
    SETPRIV,
    ...["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"],
    ...["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"],
    ...shell,
  ];
}

/**
 * True if the kernel counts a user's processes per user namespace (since Linux 5.14). Before, the bound would count all
 * processes of the user, in the sandbox or not.
 */
export function countsProcessesPerNamespace(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split(/[.-]/).map(Number);
  return existsSync(PRLIMIT) && (major > 5 || (major === 5 && minor >= 14));
}

/**
 * Root needs no user namespace to mount, and without one the uid inside is the uid outside, so `nobody` really is
 * nobody. The three capabilities are for giving up the rest; they end with it.
 */
function identity(asRoot: boolean): readonly string[] {
  if (!asRoot) return ["--unshare-user"];
  return [
    ...["--cap-drop", "ALL", "--cap-add", "CAP_SETUID"],
    ...["--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"],
  ];
}

/** Makes the folders above `path` open to all: bubblewrap's own choice is 700, closed to who is not root. */
function foldersAbove(path: string): readonly string[] {
  const names = path.split("/").slice(1, -1);
  return names.flatMap((_, i) => [
    "--perms",
    "0755",
    "--dir",
    `/${names.slice(0, i + 1).join("/")}`,
  ]);
}

function systemFolder(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink()
    ? ["--symlink", readlinkSync(path), path]
    : ["--ro-bind", path, path];
}

function readOnlyIfThere(path: string): readonly string[] {
  return existsSync(path) ? [...foldersAbove(path), "--ro-bind", realpathSync(path), path] : [];
}

function networkFiles(): readonly string[] {
  return [...ETC_NETWORK, "/etc/resolv.conf"].flatMap(readOnlyIfThere);
}

function runtimeMounts(runtime: NodeRuntime): readonly string[] {
  const node = ["--ro-bind", runtime.node, `${RUNTIME_INSIDE}/bin/node`];
  if (runtime.npmFolder === undefined) return node;
  // Debian's npm stands in /usr and needs its neighbours there.
  const place = runtime.npmFolder.startsWith("/usr/")
    ? ["--symlink", runtime.npmFolder, NPM_INSIDE]
    : ["--ro-bind", runtime.npmFolder, NPM_INSIDE];
  return [
    ...node,
    ...place,
    ...["--symlink", `${NPM_INSIDE}/bin/npm-cli.js`, `${RUNTIME_INSIDE}/bin/npm`],
    ...["--symlink", `${NPM_INSIDE}/bin/npx-cli.js`, `${RUNTIME_INSIDE}/bin/npx`],
  ];
}
