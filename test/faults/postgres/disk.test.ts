import { describe, expect, it } from "vitest";
import { createSurely, jobOf, logOf, post, specOf, tellJob } from "../jobs.ts";
import { pause, tell } from "../program.ts";
import { startProvider } from "../provider.ts";
import { fill, holdSmallDisk, makeRoom, type SmallDisk } from "../small-disk.ts";
import { checkLogs, createJobs, startBase, startNode } from "./cluster.ts";

/** Room for an empty Postgres, some 45 MB, and what the jobs write. */
const DISK_MB = 96;

const JOBS = 2;

/** Far more than a job gets done before it is stopped. */
const ITERATIONS = 500;

/** So long the disk stays full: beyond the lease of a worker that can not say that it is alive. */
const FULL_MS = 12_000;

/** Calls both jobs may have in flight. */
const CALLS_AT_ONCE = 8;

describe("a database whose disk is full", () => {
  it("is told to callers; nothing shown is lost or paid twice, and jobs go on once there is space", async () => {
    let disk: SmallDisk | undefined;
    const base = await startBase({
      async onDisk(data) {
        disk = await holdSmallDisk(data, DISK_MB);
        return disk.under;
      },
    });
    const path = disk?.path ?? "";
    const provider = await startProvider({ latencyMs: 200 });
    const env = { MODEL_CONCURRENCY: String(CALLS_AT_ONCE) };
    const api = await startNode(base, provider, { role: "api", life: 0, env });
    await startNode(base, provider, { role: "worker", life: 1, env });
    const jobs = await createJobs([api, api], JOBS, ITERATIONS);
    const shown = () => jobs.flatMap(({ watches }) => watches.map(({ seen }) => seen.length));
    while (Math.min(...shown()) < 8) await pause(10);

    await fill(path);
    const full = Date.now();
    let refused = await post(api, specOf(100, 1), "filling");
    const acknowledged: string[] = [];
    for (let desk = 101; refused.status === 201; desk++) {
      acknowledged.push(((await refused.json()) as { readonly job_id: string }).job_id);
      refused = await post(api, specOf(desk, 1)); // pages that were begun have room for some more
    }
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: "storage_full" } });
    expect((await jobOf(api, jobs[0]?.id ?? "")).status).toBe("running");
    await pause(FULL_MS - 2_000 - (Date.now() - full));
    const paidThen = provider.calls.length;
    await pause(FULL_MS - (Date.now() - full));
    expect(provider.calls.length, "calls made while nothing can be recorded").toBe(paidThen);

    await makeRoom(path);
    const freed = Date.now();
    const before = shown().reduce((sum, n) => sum + n);
    while (shown().reduce((sum, n) => sum + n) === before) await pause(10);
    const resumed = Date.now() - freed;
    for (const { id } of jobs) await tellJob(api, id, "stop");
    const late = await createSurely(api, specOf(200, 1), "late");
    const events = await checkLogs(api, jobs);
    for (const id of [...acknowledged, late]) expect((await logOf(api, id)).at(-1)?.type).toBe("finished");
    const [row] = await base.ask("SELECT COUNT(*)::int AS n FROM calls");
    const repeated = provider.calls.length - Number(row?.n);
    expect(repeated).toBeLessThanOrEqual(provider.calls.filter((call) => call.dropped).length);
    tell(
      `database's disk full for ${FULL_MS / 1000} s: 503 storage_full after ${acknowledged.length} more jobs; ` +
        `${events} events, 0 lost; went on ${resumed} ms after there was space; ` +
        `${repeated} of ${provider.calls.length} calls paid again`,
    );
  });
});
