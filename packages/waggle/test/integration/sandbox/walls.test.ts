import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Sandbox } from "../../../src/ports/sandbox.ts";
import { absence, makeFolder, makeSandbox, runLine } from "./sandbox-fixture.ts";

const CANARY = "canary-7f3a";

/** What `line` printed in each of the two: walls and none. The second shows that the probe would have worked. */
async function both(folder: string, line: string): Promise<{ inside: string; open: string }> {
  const [walled, unwalled] = await Promise.all([makeSandbox(true), makeSandbox(false)]);
  const printed = async (sandbox: Sandbox): Promise<string> => {
    const { stdout, stderr } = await runLine(sandbox, folder, line);
    return stdout + stderr;
  };
  return { inside: await printed(walled), open: await printed(unwalled) };
}

/** A folder in `parent` with a canary in it, gone after the test; undefined where it cannot be made. */
function plantIn(parent: string): string | undefined {
  const folder = join(parent, `waggle-canary-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    // Not allowed for this user: the probe is not for this machine.
    return undefined;
  }
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "secret"), CANARY);
  chmodSync(folder, 0o755);
  return join(folder, "secret");
}

/** True if the bare program can make namespaces here, asked without a line of ours. */
function canMakeNamespaces(): boolean {
  const bare = ["--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "--proc", "/proc", "true"];
  const program = "bwrap";
  return spawnSync(program, bare).status === 0;
}

test("the sandbox is there wherever bubblewrap works, so these tests are not left out in silence", () => {
  if (canMakeNamespaces()) expect(absence).toBe(false);
  else expect(absence).not.toBe("");
});

describe.skipIf(absence)(
  `walls of the sandbox${absence ? ` (left out: ${absence})` : ""}`,
  { timeout: 30_000 },
  () => {
    test.for([
      "/",
      "/etc",
      "/home",
      "/opt",
      "/root",
      "/run",
      "/srv",
      "/var",
      "/dev/shm",
      tmpdir(),
      homedir(),
    ])("a file of the machine in %s cannot be read", async (parent, { skip }) => {
      const secret = plantIn(parent);
      if (secret === undefined) return skip(`cannot write to ${parent}`);
      const { inside, open } = await both(makeFolder(), `cat '${secret}'`);
      expect(open).toContain(CANARY);
      expect(inside).not.toContain(CANARY);
    });

    test("a file beside the project cannot be read, by any way that leads up", async () => {
      const parent = makeFolder({ "project/a.txt": "", secret: CANARY });
      const project = join(parent, "project");
      const line = `cat ../secret ../project/../secret /proc/self/cwd/../secret '${parent}/secret' /proc/1/root${parent}/secret`;
      const { inside, open } = await both(project, line);
      expect(open).toContain(CANARY);
      expect(inside).not.toContain(CANARY);
    });

    test("a link of the project that points outside leads nowhere", async () => {
      const secret = makeFolder({ secret: CANARY });
      const project = makeFolder();
      execFileSync("ln", ["-s", join(secret, "secret"), join(project, "link")]);
      const { inside, open } = await both(project, "cat link");
      expect(open).toContain(CANARY);
      expect(inside).not.toContain(CANARY);
      expect(inside).toContain("No such file");
    });

    test("the passwords of the machine cannot be read", async () => {
      const { inside, open } = await both(makeFolder(), "cat /etc/shadow /etc/passwd");
      const line = readFileSync("/etc/passwd", "utf8")
        .split("\n")
        .find((one) => one.startsWith("daemon"));
      expect(line).toBeTypeOf("string");
      expect(open).toContain(line);
      expect(inside).not.toContain(line);
    });

    test("processes of the machine are not seen", async () => {
      const line = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done";
      const { inside, open } = await both(makeFolder(), line);
      expect(open).toContain("vitest");
      expect(inside).not.toContain("vitest");
    });

    test("processes of the machine cannot be signalled", async () => {
      const line = `kill -0 ${process.pid} && echo reached`;
      const { inside, open } = await both(makeFolder(), line);
      expect(open).toContain("reached");
      expect(inside).not.toContain("reached");
    });

    test("a server on this machine's loopback cannot be reached", async () => {
      const server = createServer((socket) => socket.end(CANARY));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void server.close());
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      const script = `require("net").connect(${port}, "127.0.0.1").on("error", (e) => console.log(e.code)).pipe(process.stdout)`;
      const { inside, open } = await both(makeFolder(), `node -e '${script}'`);
      expect(open).toContain(CANARY);
      expect(inside.trim()).toBe("ECONNREFUSED");
    });

    test("a named socket of the machine cannot be reached, in a folder or without one", async () => {
      const folder = makeFolder();
      for (const path of [join(folder, "socket"), `\0waggle-${process.pid}`]) {
        const server = createServer((socket) => socket.end(CANARY));
        await new Promise<void>((resolve) => server.listen(path, resolve));
        onTestFinished(() => void server.close());
        const script = `require("net").connect(JSON.parse(process.argv[1])).on("error", (e) => console.log(e.code)).pipe(process.stdout)`;
        const { inside, open } = await both(
          makeFolder(),
          `node -e '${script}' '${JSON.stringify(path)}'`,
        );
        expect(open).toContain(CANARY);
        expect(inside).not.toContain(CANARY);
      }
    });

    test("there is no way out to any network: no interface, no route, no name", async () => {
      const sandbox = await makeSandbox(true);
      const script = `const { lookup } = require("dns/promises"); const { connect } = require("net");
      const reach = (host, port) => new Promise((done) => connect({ host, port, timeout: 3000 })
        .on("error", (e) => done(e.code)).on("timeout", () => done("timeout")).on("connect", () => done("connected")));
      (async () => console.log(JSON.stringify([
        Object.keys(require("os").networkInterfaces()),
        await lookup("example.com").then(() => "found", (e) => e.code),
        await reach("192.0.2.1", 80), await reach("169.254.169.254", 80), await reach("2001:db8::1", 80)])))()`;
      const { stdout } = await runLine(sandbox, makeFolder(), `node -e '${script}'`);
      expect(JSON.parse(stdout)).toEqual([
        ["lo"],
        "EAI_AGAIN",
        "ENETUNREACH",
        "ENETUNREACH",
        "ENETUNREACH",
      ]);
    });

    test("servers and clients within the sandbox meet on its own loopback", async () => {
      const script = `const { createServer, get } = require("http");
      const server = createServer((_, answer) => answer.end("hello")).listen(0, "127.0.0.1", () =>
        get({ port: server.address().port, host: "localhost" }, (answer) => { answer.pipe(process.stdout); answer.on("end", () => process.exit()); }))`;
      const { stdout } = await runLine(
        await makeSandbox(true),
        makeFolder(),
        `node -e '${script}'`,
      );
      expect(stdout).toBe("hello");
    });

    test("with network: true this machine's network is there", async () => {
      const sandbox = await makeSandbox(true);
      const server = createServer((socket) => socket.end(CANARY));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void server.close());
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      await using session = await sandbox.open(makeFolder());
      const script = `require("net").connect(${port}, "127.0.0.1").pipe(process.stdout)`;
      const { stdout } = await session.run({ argv: ["node", "-e", script], network: true });
      expect(stdout).toBe(CANARY);
    });

    test("the original folder is not written", async () => {
      const folder = makeFolder({ "a.txt": "original" });
      const line = `echo changed > a.txt; echo new > '${folder}/b.txt'; cat a.txt b.txt`;
      const { stdout } = await runLine(await makeSandbox(true), folder, line);
      expect(stdout).toBe("changed\nnew\n");
      expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("original");
      expect(existsSync(join(folder, "b.txt"))).toBe(false);
    });

    test("shared packages can be used and not written", async () => {
      const folder = makeFolder({
        "node_modules/dep/index.js": "module.exports = 42",
        "packages/a/node_modules/inner/index.js": "module.exports = 43",
      });
      const line = `node -p 'require("dep")'; cd packages/a; node -p 'require("inner")'; cd ../..
      echo bad > node_modules/dep/index.js; echo bad > node_modules/new.js; echo bad > packages/a/node_modules/new.js; rm -rf node_modules/dep`;
      const { stdout, stderr } = await runLine(await makeSandbox(true), folder, line);
      expect(stdout).toBe("42\n43\n");
      expect(stderr.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(4);
      expect(readFileSync(join(folder, "node_modules/dep/index.js"), "utf8")).toBe(
        "module.exports = 42",
      );
    });

    test("a link put in the place of a folder on the way to shared packages is not followed", async () => {
      const folder = makeFolder({
        "packages/a/node_modules/inner/index.js": "module.exports = 43",
      });
      const victim = makeFolder();
      await using session = await (await makeSandbox(true)).open(folder);
      for (const target of [victim, `/oldroot${victim}`, `/newroot/tmp`]) {
        const line = `mv packages was || rm packages; ln -s '${target}' packages`;
        expect((await session.run({ argv: ["sh", "-c", line] })).end).toEqual({
          type: "exited",
          code: 0,
        });
        await session.run({ argv: ["true"] });
        expect(existsSync(join(victim, "a"))).toBe(false);
      }
    });

    test("the system is read-only", async () => {
      const line =
        "for d in / /usr /usr/bin /etc /run /run/waggle /run/waggle/bin /home /proc/sys/kernel; do touch $d/waggle-x && echo wrote $d; done; echo x > /run/waggle/bin/node && echo wrote node";
      const { stdout } = await runLine(await makeSandbox(true), makeFolder(), line);
      expect(stdout).toBe("");
    });

    test("nothing of the environment is inherited", async () => {
      process.env["WAGGLE_CANARY"] = CANARY;
      onTestFinished(() => void delete process.env["WAGGLE_CANARY"]);
      await using session = await (await makeSandbox(true)).open(makeFolder());
      const { stdout } = await session.run({
        argv: ["env"],
        env: { ADDED: "it's \n $HOME", "odd.name": "1" },
      });
      expect(stdout).toBe(
        "PATH=/run/waggle/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\nHOME=/home/sandbox\nLANG=C.UTF-8\nTMPDIR=/tmp\nADDED=it's \n $HOME\nodd.name=1\n",
      );
    });

    test("no descriptor is inherited", async () => {
      const { inside } = await both(makeFolder(), "ls -l /proc/self/fd");
      const names = inside
        .split("\n")
        .filter((line) => line.includes("->"))
        .map((line) => line.split(" -> ")[1]);
      expect(names.filter((name) => !/^(socket:|\/dev\/null|\/proc\/)/.test(name ?? ""))).toEqual(
        [],
      );
      expect(names.filter((name) => name?.startsWith("socket:"))).toHaveLength(2);
    });

    test("commands are not root, and have no capability and no way to one", async () => {
      const { stdout } = await runLine(
        await makeSandbox(true),
        makeFolder(),
        "id -u; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status",
      );
      expect(stdout.split("\n")[0]).not.toBe("0");
      expect(stdout.match(/^Cap(Prm|Eff|Inh|Amb):\t0{16}$/gm)).toHaveLength(4);
      expect(stdout).toMatch(/^NoNewPrivs:\t1$/m);
      expect(stdout).toMatch(/^Seccomp:\t2$/m);
    });

    test("calls that reach past namespaces are refused", async () => {
      const line =
        "unshare -U true && echo unshared; unshare -r -n true && echo unshared; mount -t tmpfs x /tmp && echo mounted; dmesg && echo read; strace -V >/dev/null 2>&1 && strace true 2>/dev/null && echo traced";
      const { stdout } = await runLine(await makeSandbox(true), makeFolder(), line);
      expect(stdout).toBe("");
    });

    test("two sessions see nothing of each other", async () => {
      const sandbox = await makeSandbox(true);
      const folder = makeFolder();
      await using first = await sandbox.open(folder);
      await using second = await sandbox.open(folder);
      const write =
        "echo mine > /tmp/x; echo mine > $HOME/x; echo mine > x; echo mine > /dev/shm/x";
      expect((await first.run({ argv: ["sh", "-c", write] })).end).toEqual({
        type: "exited",
        code: 0,
      });
      const look = "cat /tmp/x $HOME/x x /dev/shm/x 2>/dev/null; ls -A $HOME /tmp/x";
      expect((await second.run({ argv: ["sh", "-c", look] })).stdout).not.toContain("mine");
      // The copy lasts as long as its session; all else as long as the command.
      expect((await first.run({ argv: ["sh", "-c", look] })).stdout.match(/mine/g)).toHaveLength(1);
    });
  },
);
