import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createServer } from "../src/server.js";
import { TodoStore } from "../src/todo-store.js";

describe("the API", () => {
  let server;
  let base;

  before(async () => {
    server = createServer(new TodoStore());
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${server.address().port}`;
  });

  after(() => server.close());

  const post = (body) => fetch(`${base}/todos`, { method: "POST", body: JSON.stringify(body) });
  const patch = (id, body) =>
    fetch(`${base}/todos/${id}`, { method: "PATCH", body: JSON.stringify(body) });

  it("adds a todo", async () => {
    const response = await post({ title: " buy milk " });
    assert.equal(response.status, 201);
    const todo = await response.json();
    assert.equal(todo.title, "buy milk");
    assert.equal(todo.done, false);
  });

  it("refuses a todo without a title", async () => {
    const response = await post({ title: "" });
    assert.equal(response.status, 400);
  });

  it("refuses a body that is no object", async () => {
    const response = await fetch(`${base}/todos`, { method: "POST", body: "[1]" });
    assert.equal(response.status, 400);
  });

  it("finishes a todo", async () => {
    const { id } = await (await post({ title: "finish me" })).json();
    const response = await patch(id, { done: true });
    assert.equal((await response.json()).done, true);
  });

  it("reopens a finished todo", async () => {
    const { id } = await (await post({ title: "reopen me" })).json();
    await patch(id, { done: true });
    const response = await patch(id, { done: false });
    assert.equal((await response.json()).done, false);
  });

  it("answers 404 for a todo that is not there", async () => {
    const response = await fetch(`${base}/todos/4711`);
    assert.equal(response.status, 404);
  });

  it("deletes a todo", async () => {
    const { id } = await (await post({ title: "delete me" })).json();
    const response = await fetch(`${base}/todos/${id}`, { method: "DELETE" });
    assert.equal(response.status, 204);
    assert.equal((await fetch(`${base}/todos/${id}`)).status, 404);
  });

  it("limits the size of a body", { todo: "no limit yet" });
});
