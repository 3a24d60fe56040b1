import type { Finding } from "../finding.ts";
import { isTestFile, roleOf } from "../folder/file-role.ts";
import type { ProjectFiles, SourceText } from "../folder/project-files.ts";
import { extensionOf, folderOf, nameOf } from "../folder/relative-path.ts";
import { tokenizeJs } from "../source/js-tokens.ts";

/** A file above this size in a source folder is worth a word. */
const LARGE_FILE_BYTES = 5 * 1024 * 1024;

const PROSE: ReadonlySet<string> = new Set([".md", ".mdx", ".markdown", ".rst", ".txt", ".adoc"]);

/** The three markers of an unresolved merge, in order, each at the start of a line; not in prose or fixtures. */
export function conflictFinding({ path, text }: SourceText): Finding | null {
  if (PROSE.has(extensionOf(path)) || roleOf(path) === "fixture") return null;
  if (!text.includes("<<<<<<< ")) return null;
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith("<<<<<<< "));
  const middle = lines.findIndex((line, i) => i > start && line === "=======");
  const end = lines.findIndex((line, i) => i > middle && line.startsWith(">>>>>>> "));
  if (start === -1 || middle === -1 || end === -1) return null;
  return {
    severity: "high",
    category: "merge-conflict",
    title: "a merge conflict is not resolved",
    detail: `conflict markers stand at lines ${start + 1}, ${middle + 1} and ${end + 1}`,
    file: path,
    line: start + 1,
    confidence: "high",
  };
}

/** A test file in which there is nothing but white space and comments. */
export function emptyTestFinding({ path, text }: SourceText): Finding | null {
  if (!isTestFile(path) || tokenizeJs(text).some((token) => token.type !== "comment")) return null;
  return {
    severity: "low",
    category: "tests",
    title: "a test file is empty",
    detail: "it holds no code, so it tests nothing although its name promises it",
    file: path,
    line: null,
    confidence: "high",
  };
}

/** A private key in a file that is no test's input. */
export function privateKeyFinding({ path, text }: SourceText): Finding | null {
  const role = roleOf(path);
  if (!/\.(pem|key)$|^id_/.test(nameOf(path)) || role === "fixture" || role === "test") return null;
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/m.test(text)) return null;
  return {
    severity: "medium",
    category: "secrets",
    title: "a private key lies in the project",
    detail: "its content was not kept; if it was ever shared, replace it",
    file: path,
    line: null,
    confidence: "high",
  };
}

const ENV_FILE = /^\.env(\.(local|development|production|staging|dev|prod))?(\.local)?$/;

/** What the listing alone tells: files with secrets, very large files, things that cannot be read. */
export async function fileFindings(files: ProjectFiles): Promise<readonly Finding[]> {
  const large = files.listing.files.filter((file) => file.sizeBytes > LARGE_FILE_BYTES);
  return [
    ...(await envFindings(files)),
    ...large.map((file) => largeFinding(file.path, file.sizeBytes)),
    ...files.listing.unreadable.slice(0, 50).map(
      ({ path, reason }): Finding => ({
        severity: "low",
        category: "files",
        title: "something could not be read",
        detail: `${reason}; nothing is known about what is in it`,
        file: path,
        line: null,
        confidence: "high",
      }),
    ),
  ];
}

async function envFindings(files: ProjectFiles): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { path } of files.listing.files) {
    if (!ENV_FILE.test(nameOf(path)) || roleOf(path) === "fixture") continue;
    if (!(await isIgnored(files, path))) findings.push(envFinding(path));
  }
  return findings;
}

/** True if a .gitignore beside the file or in a folder above it has one of the usual patterns for it. */
async function isIgnored(files: ProjectFiles, path: string): Promise<boolean> {
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    const text = await files.text(folder === "" ? ".gitignore" : `${folder}/.gitignore`);
    if (text !== null && ignoresEnv(text, nameOf(path))) return true;
    if (folder === "") return false;
  }
}

function ignoresEnv(gitignore: string, name: string): boolean {
  const patterns = [name, `${name}*`, ".env*", "*.env"];
  if (name !== ".env") patterns.push(".env.*");
  if (name.endsWith(".local")) patterns.push("*.local", ".env*.local", ".env.*.local");
  return gitignore
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^(\*\*\/|\/)/, ""))
    .some((line) => patterns.includes(line));
}

function envFinding(path: string): Finding {
  return {
    severity: "medium",
    category: "secrets",
    title: "a file that usually holds secrets is not ignored",
    detail: "no .gitignore beside or above it covers it; its content was not read",
    file: path,
    line: null,
    confidence: "medium",
  };
}

function largeFinding(path: string, sizeBytes: number): Finding {
  return {
    severity: "low",
    category: "files",
    title: "a very large file",
    detail: `${(sizeBytes / 1024 / 1024).toFixed(1)} MiB`,
    file: path,
    line: null,
    confidence: "high",
  };
}
