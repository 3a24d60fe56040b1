import { z } from "zod";
import { type BoardKey, boardKey } from "../../src/state/board-key.ts";

/** The board that processes count on. */
export const COUNT_BOARD = "counters";
/** Counted by `add`. */
export const ADDED: BoardKey<number> = boardKey("added", z.number());
/** Counted by `update`. */
export const UPDATED: BoardKey<number> = boardKey("updated", z.number());
