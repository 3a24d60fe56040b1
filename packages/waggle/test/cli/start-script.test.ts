import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/program.ts";
import { type Ended, makePlace, type Place } from "./waggle-process.ts";

const SCRIPT = fileURLToPath(new URL("../../../../scripts/start.mjs", import.meta.url));

let place: Place;
beforeAll(async () => {
  place = await makePlace({});
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

/** What `npm start -- <args>` runs. */
function start(args: readonly string[]): Promise<Ended> {
  const command = [process.execPath, "--conditions=waggle-source", SCRIPT, ...args];
  return place.run([], { wrap: () => command, env: { INIT_CWD: place.cwd } });
}

test("the list of commands is that of the help", async () => {
  const { stdout } = await place.run(["help"]);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[options\] |\[command\] | {2})/gm)];
  expect(COMMANDS).toEqual(listed.map(([, name]) => name));
});

test.each(COMMANDS)("'%s' is the command, no goal", async (command) => {
  const { code, stdout, stderr } = await start([command, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const what = command === "help" ? "waggle \\[options\\] \\[command\\]" : `waggle ${command} `;
  expect(stdout).toMatch(new RegExp(`^Usage: ${what}`));
});

test("anything else is a goal, counted from where the user stands", async () => {
  const { code, stdout, stderr } = await start(["Why is it slow?", "--in", "nowhere"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toBe(`waggle: --in: ${place.cwd}/nowhere does not exist\n`);
});
