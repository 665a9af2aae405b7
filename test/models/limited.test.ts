import { describe, expect, it } from "vitest";
import { noMetrics } from "../../src/base/metrics.ts";
import { createRng } from "../../src/base/rng.ts";
import { limited } from "../../src/models/limited.ts";
import { createLimiter } from "../../src/models/limiter.ts";
import { ModelError } from "../../src/models/model.ts";
import { retrying } from "../../src/models/retrying.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { anAnswer, aRequest, deferred, scriptedModel } from "../support/scripted-model.ts";

const never = new AbortController().signal;
const tooLate = () => {
  throw new Error("too late");
};

describe("a call that waits its turn", () => {
  it("asks whether it may still be sent when the turn has come, not before", async () => {
    const first = deferred();
    const model = scriptedModel("m", async (_request, call) => {
      if (call === 1) await first.promise;
      return anAnswer("ok");
    });
    const queued = limited(model, createLimiter({ clock: createFakeClock(), concurrency: 1 }));
    const running = queued.call(aRequest("a"), never);
    let isLate = false;
    const waiting = queued.call(aRequest("b"), never, () => {
      if (isLate) tooLate();
    });
    isLate = true;
    first.resolve();
    await running;
    await expect(waiting).rejects.toThrow("too late");
    expect(model.requests).toHaveLength(1);
    expect((await queued.call(aRequest("c"), never)).text).toBe("ok"); // the refused one has left its place
  });

  it("asks again before each further try", async () => {
    const clock = createFakeClock();
    const model = scriptedModel("m", () => {
      throw new ModelError("unavailable", "down");
    });
    const options = {
      role: "target",
      maxRetries: 5,
      clock,
      rng: createRng({ seed: 1 }),
      metrics: noMetrics,
    } as const;
    let tries = 0;
    const call = retrying(limited(model, createLimiter({ clock, concurrency: 1 })), options).call(
      aRequest("a"),
      never,
      () => {
        if (++tries > 2) tooLate();
      },
    );
    const outcome = expect(call).rejects.toThrow("too late");
    await clock.advance(600_000);
    await outcome;
    expect(model.requests).toHaveLength(2);
  });
});
