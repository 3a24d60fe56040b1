/** A fault that stands in `examples/todo-api` on purpose, and how a report must name it. */
export interface PlantedFault {
  readonly what: string;
  readonly severity: "high" | "medium" | "low" | "info";
  readonly title: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Every fault of `examples/todo-api` that rules can find. */
export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    what: "TodoStore.page slices to `size` instead of to `start + size`",
    severity: "high",
    title: "test fails: the second page goes on where the first ended",
    file: "test/paging.test.js",
    line: 16,
  },
  {
    what: "TodoStore.update takes `done: false` for no change",
    severity: "high",
    title: "test fails: reopens a finished todo",
    file: "test/server.test.js",
    line: 46,
  },
  {
    what: "the export './client' was never written",
    severity: "high",
    title: 'exports["./client"] names a file that is not there: ./src/client.js',
    file: "package.json",
    line: null,
  },
  {
    what: "GET /todos.csv needs a package that nobody declares",
    severity: "high",
    title: "'csv-stringify' is used but not declared",
    file: "src/export-csv.js",
    line: 1,
  },
  {
    what: "dotenv was declared and never used",
    severity: "medium",
    title: "'dotenv' is declared but not used",
    file: "package.json",
    line: null,
  },
  {
    what: "npm run seed runs a file that is gone",
    severity: "medium",
    title: "script 'seed' runs a file that is not there: scripts/seed.js",
    file: "package.json",
    line: null,
  },
  {
    what: ".env with a token lies beside a .gitignore that does not name it",
    severity: "medium",
    title: "a file that usually holds secrets is not ignored",
    file: ".env",
    line: null,
  },
  {
    what: "the tests of the file store were never written",
    severity: "low",
    title: "a test file is empty",
    file: "test/file-store.test.js",
    line: null,
  },
  {
    what: "a race between two writes of the file store",
    severity: "low",
    title: "FIXME: two changes in a row start two writes, and the older one may end last",
    file: "src/file-store.js",
    line: 7,
  },
  {
    what: "bodies have no limit",
    severity: "info",
    title: "TODO: refuse bodies over a limit",
    file: "src/read-body.js",
    line: 7,
  },
  {
    what: "anybody may delete",
    severity: "info",
    title: "TODO: DELETE should need the admin token",
    file: "src/server.js",
    line: 48,
  },
];
