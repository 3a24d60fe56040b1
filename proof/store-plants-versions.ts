import { storePlant as plant, type StorePlant } from "./store-plant.ts";

/** What would bind tasks to the wrong version of their agent's code, or give them to it. */
export const STORE_VERSION_PLANTS: readonly StorePlant[] = [
  ...(["memory", "sqlite"] as const).map((store) =>
    plant(
      "STORE",
      store,
      "a version takes tasks of every version",
      store === "memory"
        ? [
            "claim-tasks.ts",
            "versions.flatMap((version) => bound.get(version) ?? [])",
            "[...bound.values()].flat()",
          ]
        : [
            "statements.ts",
            "where t.agent = ?1 and t.code = ?2 and t.priority = ?3",
            "where t.agent = ?1 and (t.code = ?2 or t.code > 0) and t.priority = ?3",
          ],
      "what a version has begun is taken by that version only",
    ),
  ),
  plant(
    "STORE",
    "memory",
    "bound by a claim alone",
    ["ledger-records.ts", "    task.codeVersion = null;", "    task.codeVersion ??= null;"],
    "an owner that recorded nothing leaves a task unbound",
  ),
  plant(
    "STORE",
    "sqlite",
    "bound by a claim alone",
    ["cached-records.ts", "return version > claimsAt ? -code : 0;", "return -code;"],
    "an owner that recorded nothing leaves a task unbound",
  ),
  ...(["memory", "sqlite"] as const).map((store) =>
    plant(
      "STORE",
      store,
      "becoming stuck binds to what does not fit",
      store === "memory"
        ? ["apply-task-write.ts", 'if (write.ending?.type !== "stick") task', "task"]
        : ["apply-task-write.ts", "isStuck ? version : task.version", "task.version"],
      "becoming stuck binds a task to no version",
    ),
  ),
  plant(
    "STORE",
    "sqlite",
    "a free binds what recorded nothing",
    ["statements.ts", "then -code else 0 end", "then -code else -code end"],
    "a freed host leaves bound what it went on with, and no more",
  ),
  plant(
    "STORE",
    "sqlite",
    "a free forgets the version",
    ["statements.ts", "then -code else 0 end", "then 0 else 0 end"],
    "a freed host leaves bound what it went on with, and no more",
  ),
  plant(
    "STORE",
    "sqlite",
    "a new generation stays bound",
    ["apply-task-write.ts", "restart === true ? 0 : boundCode", "restart === null ? 0 : boundCode"],
    "a new generation is bound to no version",
  ),
];
