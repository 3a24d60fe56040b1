import type { Operation as OperationRef } from "../core/contract.ts";
import { runtimeError } from "../core/errors.ts";
import { type HostId, hostIdFrom } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { LifeHost } from "./life-host.ts";
import { Slots } from "./slots.ts";

/** Finds an operation as the contract of an agent declares it. */
export type OperationOf = (agent: string, operation: string) => OperationRef | undefined;

/** What is given turns. */
interface Turning {
  turn(): void;
}

/** No host is called that. */
const NOBODY: HostId = hostIdFrom("0".repeat(32));

/** A store that cannot be used: whoever touches it has found a bug in Waggle. */
// A proxy, so that no method of the port can be forgotten.
const NO_STORE: Store = new Proxy({} as Store, { get: refuse });

function refuse(): never {
  throw runtimeError("INVARIANT", "a rehearsal did more than replay what is recorded");
}

/**
 * The host of one task that is only replayed. Gives it turns of the clock and the contracts; refuses everything that
 * would begin, write or tell anything.
 */
export class RehearsalHost implements LifeHost<Turning> {
  readonly id: HostId = NOBODY;
  readonly store: Store = NO_STORE;
  readonly clock: Clock;
  readonly cancelGraceMs: number = 0;
  readonly tracker: undefined = undefined;
  readonly operationOf: OperationOf;
  readonly #slots = new Slots(1);
  #isPlanned = false;

  constructor(clock: Clock, operationOf: OperationOf) {
    this.clock = clock;
    this.operationOf = operationOf;
  }

  schedule(life: Turning): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.clock.turn(() => {
      this.#isPlanned = false;
      life.turn();
    });
  }

  slots(): Slots {
    return this.#slots;
  }

  left(): void {}
  lifeOf: () => never = refuse;
  closed: () => never = refuse;
  stuck: () => never = refuse;
  resting: () => never = refuse;
  trouble: () => never = refuse;
  whenFresh: () => never = refuse;
  activityBegan: () => never = refuse;
  activityEnded: () => never = refuse;
  takeSlot: () => never = refuse;
  giveSlot: () => never = refuse;
  versionsOf: () => never = refuse;
  startChild: () => never = refuse;
  claimable: () => never = refuse;
  mailed: () => never = refuse;
  queuedBehindKey: () => never = refuse;
  knowsAgent: () => never = refuse;
  isKeyed: () => never = refuse;
  lookUpAgent: () => never = refuse;
  messageTicket: () => never = refuse;
  peers: () => never = refuse;
}
