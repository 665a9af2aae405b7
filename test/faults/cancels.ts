import { expect } from "vitest";
import { type Address, createSurely, jobOf, logOf, specOf, watchGrpc, watchSse } from "./jobs.ts";
import { pause, tell } from "./program.ts";
import type { Provider, SeenCall } from "./provider.ts";

/** Cancels whose times are told. */
const CANCELS = 20;

/** Far more than a job gets done before it is cancelled. */
const ITERATIONS = 200;

/** After a job's last call under way was dropped, this long nothing more may be asked for it. */
const QUIET_MS = 200;

/** A machine with other work takes its time. */
const POLL = { interval: 5, timeout: 30_000 };

/** Calls made for the job of this desk, in order of arrival. */
export function callsOf(provider: Provider, desk: number): SeenCall[] {
  const named = new RegExp(`desk ${desk}\\b`);
  return provider.calls.filter((call) => named.test(JSON.stringify(call.body.messages)));
}

/** Those of the calls that are not answered and not given up. */
export function openCalls(calls: readonly SeenCall[]): SeenCall[] {
  return calls.filter((call) => !call.answered && !call.dropped);
}

/**
 * Cancels job after job while it has calls under way, through one address, watched through another. Holds that a
 * cancelled job shows its end to everybody, that its calls are dropped and that none is made any more; tells how long
 * that took. The provider must be so slow that no call would end by itself meanwhile.
 */
export async function timeCancels(asked: Address, watched: Address, provider: Provider): Promise<void> {
  const toEvent: number[] = [];
  const toLastCall: number[] = [];
  let dropped = 0;
  for (let desk = 0; desk < CANCELS; desk++) {
    const id = await createSurely(asked, specOf(desk, ITERATIONS), `desk-${desk}`);
    const watches = [watchSse(watched, id), watchGrpc(watched, id)];
    await expect.poll(() => openCalls(callsOf(provider, desk)).length, POLL).toBeGreaterThan(1);

    const begun = Date.now();
    const answer = await fetch(`${asked.url}/v1/optimize/${id}`, { method: "DELETE" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ job_id: id, status: "cancelled" });
    await Promise.all(watches.map((watch) => watch.ended));
    toEvent.push(...watches.map((watch) => (watch.times.at(-1) ?? Number.NaN) - begun));
    expect((await jobOf(watched, id)).status).toBe("cancelled");
    expect((await fetch(`${asked.url}/v1/optimize/${id}`, { method: "DELETE" })).status).toBe(409);

    await expect.poll(() => openCalls(callsOf(provider, desk)), POLL).toEqual([]);
    const made = callsOf(provider, desk);
    await pause(QUIET_MS);
    expect(callsOf(provider, desk).length, `desk ${desk}: calls after the last one was dropped`).toBe(
      made.length,
    );
    toLastCall.push(Math.max(0, ...made.map((call) => call.at - begun)));
    dropped += made.filter((call) => call.dropped).length;
    const log = await logOf(watched, id);
    expect(log.map((event) => event.id)).toEqual(log.map((_, i) => i + 1));
    expect(log.at(-1)?.type).toBe("cancelled");
    for (const { seen } of watches) expect(seen).toEqual(log);
  }
  expect(dropped).toBeGreaterThanOrEqual(CANCELS); // each had more than one under way
  tell(
    `${CANCELS} cancels: terminal event at the watchers ${summary(toEvent)}; last model call ${summary(toLastCall)}; ` +
      `${dropped} calls under way dropped, no call after`,
  );
}

/** Median and worst of some times. */
function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `after ${sorted[Math.floor(sorted.length / 2)]} ms (p50), ${sorted.at(-1)} ms (max)`;
}
