import type { Process, Scenario } from "../../../../src/testing/index.ts";

// The classic mistakes of concurrent agents, each with the mechanism that prevents it.

/** Agents add 1 to a shared cell by reading and writing it; `isCompared`: the write expects the version it read. */
export function counter(agents: number, isCompared: boolean): Scenario {
  return {
    name: "lost update",
    setup(world) {
      let value = 0;
      let version = 0;
      const write = (next: number, expected: number): boolean => {
        if (isCompared && expected !== version) return false;
        value = next;
        version += 1;
        return true;
      };
      const main = async (self: Process): Promise<void> => {
        for (let done = false; !done; ) {
          const seen = await self.effect("read", () => ({ value, version }));
          done = await self.effect("write", () => write(seen.value + 1, seen.version));
        }
      };
      for (let i = 0; i < agents; i++) world.process(`agent${i}`, main);
      world.invariant(() => (value === agents ? undefined : `lost update: ${value} of ${agents}`));
    },
  };
}

/** Two agents that serve nobody while they wait for the other's answer. */
export function mutualRequest(): Scenario {
  return {
    name: "mutual request",
    setup(world) {
      const inbox: Record<string, string[]> = { ada: [], ben: [] };
      const agent = (peer: string) => async (self: Process) => {
        const receive = (what: string) =>
          self.effect(`receive ${what}`, () => take(inbox[self.name], what), {
            ready: () => inbox[self.name]?.includes(what) ?? false,
            waitsFor: peer,
          });
        const isAsked = await self.effect("look", () => inbox[self.name]?.includes("ask") ?? false);
        if (isAsked) {
          await receive("ask");
          await self.effect("answer", () => inbox[peer]?.push("answer"));
          return;
        }
        await self.effect("ask", () => inbox[peer]?.push("ask"));
        await receive("answer");
      };
      world.process("ada", agent("ben"));
      world.process("ben", agent("ada"));
    },
  };
}

function take(from: string[] | undefined, what: string): void {
  from?.splice(from.indexOf(what), 1);
}

/** Steps that charge a card and then note it; a crash may fall between. `hasKey`: the card knows the step. */
export function chargedSteps(steps: number, hasKey: boolean): Scenario {
  return {
    name: "crash between effect and journal",
    setup(world) {
      const journal = new Set<number>();
      const charges: number[] = [];
      const charge = (step: number): void => {
        if (hasKey && charges.includes(step)) return;
        charges.push(step);
      };
      world.process(
        "worker",
        async (self) => {
          for (let step = 0; step < steps; step++) {
            if (await self.effect(`look ${step}`, () => journal.has(step))) continue;
            if (self.incarnation > 1) world.mark("after a crash");
            await self.effect(`charge ${step}`, () => charge(step));
            await self.effect(`note ${step}`, () => journal.add(step));
          }
        },
        { crashes: 1 },
      );
      world.invariant(() =>
        charges.length === steps ? undefined : `charged: ${charges.length} of ${steps}`,
      );
    },
  };
}

/** Two workers share a lease of 100 ms. One may stand still beyond it and write all the same. */
export function leased(isFenced: boolean): Scenario {
  return {
    name: "zombie lease holder",
    earlyTimers: 1,
    setup(world) {
      let lease = { owner: "", until: 0, token: 0 };
      const written: string[] = [];
      const acquire = (owner: string): number | undefined => {
        if (lease.until > world.now()) return undefined;
        lease = { owner, until: world.now() + 100, token: lease.token + 1 };
        return lease.token;
      };
      const write = (owner: string, token: number): void => {
        if (isFenced && (token !== lease.token || written.length > 0)) return;
        written.push(owner);
      };
      const main = async (self: Process): Promise<void> => {
        for (;;) {
          const token = await self.effect("acquire", () => acquire(self.name));
          if (token !== undefined) {
            const isDone = await self.effect("look", () => written.length > 0);
            if (!isDone) await self.effect("write", () => write(self.name, token));
            return;
          }
          await self.clock.sleep(100);
        }
      };
      world.process("one", main);
      world.process("two", main);
      world.invariant(() =>
        written.length === 1 ? undefined : `double write: ${written.join(", ")}`,
      );
    },
  };
}

/** Processes of `effects` effects each, with nothing in common. */
export function independent(effects: readonly number[], alternatives: number = 0): Scenario {
  return {
    name: "independent",
    setup(world) {
      const others = Array.from({ length: alternatives }, (_, i) => ({
        label: `other ${i}`,
        apply: () => -1 - i,
      }));
      for (const [index, count] of effects.entries()) {
        world.process(`p${index}`, async (self) => {
          for (let i = 0; i < count; i++) {
            await self.effect(`e${i}`, () => i, { alternatives: others });
          }
        });
      }
    },
  };
}

/** A scenario of one process. */
export function single(name: string, main: (self: Process) => Promise<unknown>): Scenario {
  return { name, setup: (world) => world.process("solo", main) };
}
