export { memoryBus } from "./memory-bus.ts";
export { MemoryLedger } from "./memory-ledger.ts";
export { memoryStore } from "./memory-store.ts";
