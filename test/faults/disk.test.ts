import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { freePort } from "../clients/service.ts";
import { createSurely, decisionsIn, jobOf, logOf, post, specOf, type Watch, watchSse } from "./jobs.ts";
import { imageOf } from "./ledger-image.ts";
import { pause, type Program, start, tell, temporaryFolder } from "./program.ts";
import { startProvider } from "./provider.ts";
import { fill, makeRoom, withSmallDisk } from "./small-disk.ts";

const exec = promisify(execFile);

/** A disk that a few jobs fit on. */
const DISK_MB = 6;

/** The dispatcher looks again every 5 s for jobs whose run the store ended; on a busy machine it may take longer. */
const GOES_ON_WITHIN_MS = 30_000;

function expectKept(watch: Watch, log: readonly unknown[]): void {
  expect(watch.seen).toEqual(log);
  expect(watch.seen.map((event) => event.id)).toEqual(watch.seen.map((_, i) => i + 1));
}

describe("a disk that is full", () => {
  it("is told to callers; nothing shown is lost, and the jobs go on by themselves once there is space", async () => {
    const dataDir = await temporaryFolder();
    const provider = await startProvider({ latencyMs: 20 });
    const port = await freePort();
    const program = start({ dataDir, port, env: provider.env(0), under: withSmallDisk(dataDir, DISK_MB) });
    await program.ready;
    const disk = `/proc/${program.pid}/root${dataDir}`;
    const spec = specOf(1, 12);
    const id = await createSurely(program, spec, "first");
    const watch = watchSse(program, id);
    while (watch.seen.length < 10) await pause(5);

    await fill(disk);
    let refused = await post(program, specOf(2, 1), "second");
    while (refused.status === 201) refused = await post(program, specOf(2, 1)); // the log's file has room for some more
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: "storage_full" } });
    const shown = watch.seen.length;
    const kept = await logSoFar(program, id);
    expect(kept.slice(0, shown)).toEqual(watch.seen.slice(0, kept.length).map((event) => event.id));
    expect((await jobOf(program, id)).status).toBe("running");
    await pause(200);
    const callsWhileFull = provider.calls.length;
    await pause(1000);
    const paid = provider.calls.length - callsWhileFull;
    expect(paid, "calls paid in a second while nothing can be recorded").toBeLessThanOrEqual(8);

    await makeRoom(disk);
    const freed = Date.now();
    expect((await post(program, specOf(3, 1), "third")).status).toBe(201);
    await watch.ended;
    expect(Date.now() - freed).toBeLessThan(GOES_ON_WITHIN_MS + 60_000);
    expectKept(watch, await logOf(program, id));
    const calm = start({ dataDir: await temporaryFolder(), port: await freePort(), env: provider.env(1) });
    await calm.ready;
    const calmLog = await logOf(calm, await createSurely(calm, spec, "first"));
    expect(watch.seen.map((event) => decisionsIn(event.data))).toEqual(
      calmLog.map((event) => decisionsIn(event.data)),
    );
    tell(
      `disk full at event ${shown}: 503 storage_full, ${paid} calls paid in the second after, went on without a restart`,
    );
    program.signal("SIGTERM");
    expect(await program.ended).toBe(0);
  });
});

async function logSoFar(program: Program, id: string): Promise<number[]> {
  const page = await fetch(`${program.url}/v1/optimize/${id}/log?page_size=1000`);
  const { events } = (await page.json()) as { readonly events: readonly { readonly id: number }[] };
  return events.map((event) => event.id);
}

describe("a disk that fails to sync", () => {
  it("stops every acknowledgement: the service ends with an error, and what it had shown is there", async () => {
    const [dataDir, port] = [await temporaryFolder(), await freePort()];
    const provider = await startProvider({ latencyMs: 20 });
    const program = start({ dataDir, port, env: provider.env(0) });
    await program.ready;
    const id = await createSurely(program, specOf(1, 12), "key");
    const watch = watchSse(program, id);
    while (watch.seen.length < 10) await pause(5);

    const trace = join(await temporaryFolder(), "trace");
    await writeFile(trace, "");
    const args = ["-f", "-p", String(program.pid), "-o", trace, "-e", "trace=fsync,fdatasync"];
    const failing = exec("strace", [...args, "-e", "inject=fsync,fdatasync:error=EIO"]).catch(
      (error) => error,
    );
    expect(await program.ended).toBe(1);
    await failing;
    expect(program.output()).toContain("store_broken");
    const shown = watch.seen.length;
    const { lastEventIds } = await imageOf(dataDir);
    expect(lastEventIds.get(id)).toBeGreaterThanOrEqual(shown);

    const next = start({ dataDir, port, env: provider.env(1) });
    await next.ready;
    await watch.ended;
    expectKept(watch, await logOf(next, id));
    tell(`fdatasync failing from event ${shown} on: ended with 1, nothing shown was lost`);
  });
});
