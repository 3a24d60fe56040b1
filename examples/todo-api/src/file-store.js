import { readFile, writeFile } from "node:fs/promises";
import { TodoStore } from "./todo-store.js";

/** Opens a store that is written to `path` after each change. */
export async function openStore(path) {
  const todos = await readTodos(path);
  // FIXME: two changes in a row start two writes, and the older one may end last
  return new TodoStore(todos, (all) => writeFile(path, JSON.stringify(all, null, 2)));
}

async function readTodos(path) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}
