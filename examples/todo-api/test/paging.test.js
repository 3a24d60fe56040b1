import assert from "node:assert/strict";
import { test } from "node:test";
import { TodoStore } from "../src/todo-store.js";

function storeOf(count) {
  const store = new TodoStore();
  for (let i = 1; i <= count; i++) store.add(`todo ${i}`);
  return store;
}

test("the first page holds the oldest todos", () => {
  const titles = storeOf(5).page(1, 2).map((todo) => todo.title);
  assert.deepEqual(titles, ["todo 1", "todo 2"]);
});

test("the second page goes on where the first ended", () => {
  const titles = storeOf(5).page(2, 2).map((todo) => todo.title);
  assert.deepEqual(titles, ["todo 3", "todo 4"]);
});

test("a page past the end is empty", () => {
  assert.deepEqual(storeOf(3).page(9, 2), []);
});
