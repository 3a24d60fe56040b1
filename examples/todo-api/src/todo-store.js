/** Todos in memory, in the order in which they were added. */
export class TodoStore {
  #todos = new Map();
  #nextId = 1;
  #onChange;

  constructor(todos = [], onChange = () => {}) {
    for (const todo of todos) {
      this.#todos.set(todo.id, todo);
      this.#nextId = Math.max(this.#nextId, todo.id + 1);
    }
    this.#onChange = onChange;
  }

  add(title) {
    const todo = { id: this.#nextId++, title, done: false, createdAt: new Date().toISOString() };
    this.#todos.set(todo.id, todo);
    this.#onChange(this.all());
    return todo;
  }

  get(id) {
    return this.#todos.get(id);
  }

  all() {
    return [...this.#todos.values()];
  }

  /** One page, counted from 1. */
  page(number, size, filter = () => true) {
    const start = (number - 1) * size;
    return this.all().filter(filter).slice(start, size);
  }

  update(id, changes) {
    const todo = this.#todos.get(id);
    if (todo === undefined) return undefined;
    const changed = {
      ...todo,
      title: changes.title || todo.title,
      done: changes.done || todo.done,
    };
    this.#todos.set(id, changed);
    this.#onChange(this.all());
    return changed;
  }

  remove(id) {
    const existed = this.#todos.delete(id);
    if (existed) this.#onChange(this.all());
    return existed;
  }
}
