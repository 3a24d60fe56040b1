import { expect, test } from "vitest";
import { Slots } from "../../../src/runtime/slots.ts";

test("never grants more than the limit, and who waits longest comes first", () => {
  const slots = new Slots(1);
  const granted: string[] = [];
  const waiter = (name: string): { slotGranted: () => void } => ({
    slotGranted: () => granted.push(name),
  });
  slots.take(waiter("first"));
  slots.take(waiter("second"));
  slots.take(waiter("third"));
  expect(granted).toEqual(["first"]);
  expect(slots.tryTake()).toBe(false);
  slots.give();
  expect(granted).toEqual(["first", "second"]);
  slots.give();
  slots.give();
  expect(granted).toEqual(["first", "second", "third"]);
  expect(slots.free).toBe(1);
});

test("a waiter that withdrew is passed over", () => {
  const slots = new Slots(1);
  expect(slots.tryTake()).toBe(true);
  const gone = {
    slotGranted: () => {
      throw new Error("granted to one who withdrew");
    },
  };
  slots.take(gone);
  slots.withdraw(gone);
  slots.give();
  expect(slots.free).toBe(1);
});
