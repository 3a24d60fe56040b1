import { openStore } from "./file-store.js";
import { createServer } from "./server.js";
import { TodoStore } from "./todo-store.js";

const file = process.env.TODO_FILE;
const store = file === undefined ? new TodoStore() : await openStore(file);
const port = Number(process.env.PORT ?? 3000);

createServer(store).listen(port, () => {
  console.log(`todo-api listens on http://localhost:${port}/todos`);
});
