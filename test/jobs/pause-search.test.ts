import { describe, expect, it } from "vitest";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import {
  aCreatedJob,
  ALICE,
  callsMade,
  decisionsBesidePauses,
  ended,
  logOf,
  untilEvent,
} from "../support/job-world.ts";
import { searching, SEARCH } from "../support/searching.ts";

async function undisturbed(request: Partial<SpecRequest>) {
  const world = await searching();
  world.jobs.start();
  const { id } = await aCreatedJob(world, request);
  await ended(world, id);
  const { result } = (await world.store.getJob(id)) ?? {};
  return { log: decisionsBesidePauses(await logOf(world.store, id)), calls: callsMade(world), result };
}

describe("a search that is paused", () => {
  for (const [what, config] of [
    ["one proposal after the other", { operators: {} }],
    ["three at once", { operators: {}, width: 3 }],
    ["as gepa 0.1.4", { operators: {}, profile: "reference" }],
  ] as const) {
    it(`ends as one that was not, and pays no call twice: ${what}`, async () => {
      const request = { ...SEARCH, config };
      const whole = await undisturbed(request);
      expect(whole.result?.stopReason).toBe("iterations");
      const world = await searching();
      world.jobs.start();
      const { id } = await aCreatedJob(world, request);
      let pauses = 0;
      for (let after = 0; ; pauses++) {
        await world.jobs.useCases.pauseJob(ALICE, id);
        const paused = await untilEvent(world, id, "paused", after).catch(() => undefined);
        if (paused === undefined) break; // it came to its end before the pause
        after = paused.id;
        await world.jobs.useCases.resumeJob(ALICE, id);
        // The next wish comes when the run has got one commit further.
        await untilEvent(world, id, "select", after);
      }
      expect(pauses).toBeGreaterThan(1);
      expect(decisionsBesidePauses(await logOf(world.store, id))).toEqual(whole.log);
      expect(callsMade(world)).toBe(whole.calls);
    });
  }
});
