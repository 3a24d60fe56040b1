export { type ExploreOptions, explore, runSchedule } from "./simulator/explore.ts";
export type { Offer } from "./simulator/menu.ts";
export { type Failure, formatReport, type Report } from "./simulator/report.ts";
export type {
  Alternative,
  EffectOptions,
  Process,
  ProcessOptions,
  Scenario,
  World,
} from "./simulator/scenario.ts";
export { type SimulatedStoreOptions, simulatedStore } from "./simulator/simulated-store.ts";
export { pct, random, replay } from "./simulator/strategies.ts";
export type { Choose, ScheduleResult, Strategy } from "./simulator/strategy.ts";
export type { StoreCase, StoreSubject } from "./store-conformance/store-case.ts";
export {
  type BrokenCase,
  brokenStoreCases,
  storeConformance,
} from "./store-conformance/store-conformance.ts";
