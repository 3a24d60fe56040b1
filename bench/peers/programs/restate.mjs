// Restate with a server of its own, on free ports of this machine. restate.mjs steps|fan-out [width] [workflows]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as restate from "@restatedev/restate-sdk";
import { expectResult, planTimes, report, STEPS, stepRates, WIDTH } from "./measured.mjs";

const DURABILITY = "Restate's log, defaults, one node";
const [what, width, count] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * WIDTH });
const [ingress, admin, fabric, handlers] = await freePorts(4);

const service = restate.service({
  name: "bench",
  handlers: {
    steps: async (ctx) => {
      let n = 0;
      for (let i = 0; i < STEPS; i++) n = await ctx.run(`s${i}`, async () => n + 1);
      return n;
    },
    plan: async (ctx) => {
      const branches = Array.from({ length: WIDTH }, (_, i) => ctx.run(`b${i}`, async () => i));
      const done = await restate.RestatePromise.all(branches);
      return ctx.run("join", () => done.length);
    },
  },
});
await restate
  .endpoint()
  .setLogger(() => {})
  .bind(service)
  .listen(handlers);
const server = startServer();
await untilDone(() =>
  post(admin, "/deployments", { uri: `http://127.0.0.1:${handlers}`, force: true }),
);
await untilDone(() => post(ingress, "/bench/steps", null));

const measures = {
  steps: async () => {
    const workflow = async () =>
      expectResult(Number(await post(ingress, "/bench/steps", null)), STEPS);
    return { steps: await stepRates(workflow, { width: Number(width), count: Number(count) }) };
  },
  "fan-out": async () => ({
    plan: await planTimes(async () => Number(await post(ingress, "/bench/plan", null)), 5),
  }),
};
const figures = await measures[what]();
server.kill("SIGKILL");
report(figures, DURABILITY);

function startServer() {
  const require = createRequire(import.meta.url);
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  const program = join(dirname(require.resolve(`${name}/package.json`)), "bin", "restate-server");
  const folder = mkdtempSync(join(import.meta.dirname, "data", "restate-"));
  const log = openSync(join(folder, "server.log"), "w");
  const started = spawn(program, ["--base-dir", folder, "--node-name", "bench"], {
    stdio: ["ignore", log, log],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${fabric}`,
      DO_NOT_TRACK: "1",
      RUST_LOG: "warn",
    },
  });
  closeSync(log);
  process.on("exit", () => started.kill("SIGKILL"));
  started.on("exit", (code) => {
    if (started.killed) return;
    process.stderr.write(`restate-server ended with ${code}, see ${folder}/server.log\n`);
    process.exit(1);
  });
  return started;
}

async function freePorts(wanted) {
  const servers = Array.from({ length: wanted }, () => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((one) => once(one, "listening")));
  const ports = servers.map((one) => one.address().port);
  for (const one of servers) one.close();
  return ports;
}

/** Tries until it works; for 30 s. */
async function untilDone(body) {
  for (let left = 60; ; left--) {
    try {
      return await body();
    } catch (error) {
      if (left === 0) throw error;
      await pause(500);
    }
  }
}

function post(port, path, body) {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method: "POST", agent, headers });
    request.on("error", reject);
    request.on("response", (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (more) => {
        answer += more;
      });
      response.on("end", () => {
        if (response.statusCode < 300) resolve(answer);
        else reject(new Error(`${path}: ${response.statusCode} ${answer}`));
      });
    });
    request.end(text);
  });
}
