/**
 * How programs complain that they cannot write below `node_modules`. Node's recursive mkdir says ENOENT of a read-only
 * folder, so that one counts for mkdir only: elsewhere it means a package that is not there.
 */
const COMPLAINTS: readonly RegExp[] = [
  /\b(?:EROFS|EACCES)\b.*\bnode_modules\b/,
  /\bENOENT\b.*\bmkdir\b.*\bnode_modules\b/,
  /\bnode_modules\b.*: (?:read-only file system|permission denied)/i,
];

/**
 * True if the output of a command says that it could not write below `node_modules`. Vitest with a configuration
 * does (`node_modules/.vite-temp`), and so do tools that keep a cache there (`node_modules/.cache`).
 */
export function wantsToWritePackages(output: string): boolean {
  return output.split("\n").some((line) => COMPLAINTS.some((complaint) => complaint.test(line)));
}
