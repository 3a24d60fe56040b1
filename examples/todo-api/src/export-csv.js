import { stringify } from "csv-stringify/sync";

/** All todos as a table with a header. */
export function toCsv(todos) {
  return stringify(todos, { header: true, columns: ["id", "title", "done", "createdAt"] });
}
