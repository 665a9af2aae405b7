import { describe, expect, it } from "vitest";
import { grpcJsWatch } from "../clients/watchers.ts";
import { freePort } from "../clients/service.ts";
import { createSurely, decisionsIn, jobOf, logOf, specOf, watchSse } from "./jobs.ts";
import { pause, start, tell, temporaryFolder } from "./program.ts";
import { startProvider } from "./provider.ts";

/** The promise of a graceful stop. */
const STOP_LIMIT_MS = 10_000;

/** Status of readiness; 0 where nobody answers any more. */
function readyNow(url: string): Promise<number> {
  return fetch(`${url}/v1/readyz`).then(
    (answer) => answer.status,
    () => 0,
  );
}

describe("two servers on one data directory", () => {
  it("are one too many: the second ends at once, says why, and leaves the first alone", async () => {
    const dataDir = await temporaryFolder();
    const first = start({ dataDir, port: await freePort() });
    await first.ready;
    const id = await createSurely(first, specOf(1, 1), "before");
    const second = start({ dataDir, port: await freePort() });
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/Another server uses this data directory .*gepa\.db is locked/);
    expect((await jobOf(first, id)).job_id).toBe(id);
    await createSurely(first, specOf(2, 1), "after");
  });

  it("may follow each other, also after a crash of the first", async () => {
    const [dataDir, port] = [await temporaryFolder(), await freePort()];
    for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
      const program = start({ dataDir, port });
      await program.ready;
      program.signal(signal);
      await program.ended;
    }
    await start({ dataDir, port }).ready;
  });
});

describe("a service that is asked to stop", () => {
  it("is not ready at once, tells its streams, ends in time, and the next start goes on", async () => {
    const provider = await startProvider({ latencyMs: 40 });
    const [dataDir, port] = [await temporaryFolder(), await freePort()];
    const program = start({ dataDir, port, env: provider.env(0) });
    await program.ready;
    const spec = specOf(1, 20);
    const id = await createSurely(program, spec, "key");
    const sse = await fetch(`${program.url}/v1/optimize/${id}/events`);
    const wire = sse.text();
    const grpc = grpcJsWatch({ service: program, jobId: id }, () => undefined).then(
      () => "ended",
      (error: { readonly code: number }) => error.code,
    );
    const watch = watchSse(program, id);
    while (watch.seen.length < 5) await pause(5);
    expect(await readyNow(program.url)).toBe(200);

    const asked = Date.now();
    program.signal("SIGTERM");
    await expect.poll(() => readyNow(program.url), { interval: 5, timeout: 1_000 }).not.toBe(200);
    const notReady = Date.now() - asked;
    expect(await program.ended).toBe(0);
    const took = Date.now() - asked;
    expect(took).toBeLessThan(STOP_LIMIT_MS);
    expect(await wire).toMatch(/event: stream_error\ndata: .*draining/);
    expect(await grpc).toBe(14); // UNAVAILABLE: come back
    tell(`SIGTERM: not ready after ${notReady} ms, ended after ${took} ms`);

    const next = start({ dataDir, port, env: provider.env(1) });
    await next.ready;
    await watch.ended;
    expect(watch.seen.map((event) => event.id)).toEqual(watch.seen.map((_, i) => i + 1));
    const asks = provider.calls.length;
    const calmDir = await temporaryFolder();
    const calm = start({ dataDir: calmDir, port: await freePort(), env: provider.env(2) });
    await calm.ready;
    const calmLog = await logOf(calm, await createSurely(calm, spec, "key"));
    expect(watch.seen.map((event) => decisionsIn(event.data))).toEqual(
      calmLog.map((event) => decisionsIn(event.data)),
    );
    const needed = provider.calls.length - asks;
    expect(asks - needed).toBeLessThanOrEqual(8); // MODEL_CONCURRENCY
  });
});
