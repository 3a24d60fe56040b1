import { createServer as createHttpServer } from "node:http";
import { BadRequest, readBody } from "./read-body.js";

/** The API over `store`, not listening yet. */
export function createServer(store) {
  return createHttpServer(async (request, response) => {
    try {
      await route(store, request, response);
    } catch (error) {
      const status = error instanceof BadRequest ? 400 : 500;
      send(response, status, { error: error.message });
    }
  });
}

async function route(store, request, response) {
  const url = new URL(request.url, "http://localhost");
  const [, collection, id] = url.pathname.split("/");
  if (url.pathname === "/todos.csv" && request.method === "GET") {
    return await sendCsv(store, response);
  }
  if (collection !== "todos") return send(response, 404, { error: "not found" });
  if (id === undefined) return await collectionRoute(store, url, request, response);
  return await itemRoute(store, Number(id), request, response);
}

async function collectionRoute(store, url, request, response) {
  if (request.method === "GET") {
    const page = Number(url.searchParams.get("page") ?? 1);
    const size = Number(url.searchParams.get("size") ?? 20);
    const done = url.searchParams.get("done");
    const filter = done === null ? undefined : (todo) => String(todo.done) === done;
    return send(response, 200, store.page(page, size, filter));
  }
  if (request.method === "POST") {
    const { title } = await readBody(request);
    if (typeof title !== "string" || title.trim() === "") {
      throw new BadRequest("a todo needs a title");
    }
    return send(response, 201, store.add(title.trim()));
  }
  return send(response, 405, { error: `no ${request.method} here` });
}

async function itemRoute(store, id, request, response) {
  const todo = store.get(id);
  if (todo === undefined) return send(response, 404, { error: `no todo ${id}` });
  // TODO: DELETE should need the admin token
  if (request.method === "DELETE") {
    store.remove(id);
    return send(response, 204);
  }
  if (request.method === "PATCH") return send(response, 200, store.update(id, await readBody(request)));
  if (request.method === "GET") return send(response, 200, todo);
  return send(response, 405, { error: `no ${request.method} here` });
}

async function sendCsv(store, response) {
  const { toCsv } = await import("./export-csv.js");
  response.writeHead(200, { "content-type": "text/csv" }).end(toCsv(store.all()));
}

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
