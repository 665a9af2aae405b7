import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { OutOfTimeError } from "../../src/engine/ports.ts";
import { type Ledger, openLedger } from "../../src/jobs/ledger.ts";
import { ledgeredModel } from "../../src/jobs/ledgered-model.ts";
import { createTurns } from "../../src/jobs/turns.ts";
import { type Model, ModelError } from "../../src/models/model.ts";
import type { Store } from "../../src/storage/store.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { emptyStore, settle } from "../support/job-world.ts";
import { aJob } from "../support/jobs.ts";
import { anAnswer, aRequest, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

const never = () => new AbortController().signal;
const clock = createFakeClock();

/** A store with a job "root" and a fork of it, "fork". */
async function storeWithFamily(): Promise<Store> {
  const store = await emptyStore();
  await store.createJob({ job: aJob("root"), maxOpenJobsPerOwner: 10 });
  await store.createJob({ job: aJob("fork", { rootId: "root", parentId: "root" }), maxOpenJobsPerOwner: 10 });
  return store;
}

const open = (store: Store, id = "root", turns = createTurns()) =>
  openLedger({ store, clock, log: silentLogger, turns, closing: never() }, { id, rootId: "root" }, never());

function over(
  ledger: Ledger,
  model: Model,
  signal = never(),
  onStoreFailure: (e: unknown) => void = () => undefined,
  callsSignal = signal,
) {
  return ledgeredModel("target", model, {
    ledger,
    metrics: noMetrics,
    signal,
    callsSignal,
    isOver: () => false,
    onStoreFailure,
  });
}

describe("a ledgered model", () => {
  it("pays each call once, also over restarts and within a family", async () => {
    const store = await storeWithFamily();
    const model = scriptedModel("m");
    const first = await over(await open(store), model).call(aRequest("hi"), never());
    const again = await over(await open(store), model).call(aRequest("hi"), never());
    const forked = await over(await open(store, "fork"), model).call(aRequest("hi"), never());
    expect([again, forked]).toEqual([first, first]);
    expect(model.requests).toHaveLength(1);
  });

  it("tells calls apart by role, model, content and sample", async () => {
    const store = await storeWithFamily();
    const ledger = await open(store);
    const model = scriptedModel("m");
    const target = over(ledger, model);
    const judge = ledgeredModel("judge", model, {
      ledger,
      metrics: noMetrics,
      signal: never(),
      callsSignal: never(),
      isOver: () => false,
      onStoreFailure: () => undefined,
    });
    await target.call(aRequest("hi"), never());
    await target.call(aRequest("hi", 1), never());
    await target.call({ ...aRequest("hi"), temperature: 0 }, never());
    await judge.call(aRequest("hi"), never());
    await over(ledger, { ...model, servedBy: "elsewhere" }).call(aRequest("hi"), never());
    expect(model.requests).toHaveLength(5);
  });

  it("makes one call of equal calls in flight", async () => {
    const model = scriptedModel("m");
    const ledgered = over(await open(await storeWithFamily()), model);
    await Promise.all(Array.from({ length: 20 }, () => ledgered.call(aRequest("hi"), never())));
    expect(model.requests).toHaveLength(1);
  });

  it("gives no answer before it is durable", async () => {
    const store = await storeWithFamily();
    const written = deferred();
    const slow: Store = {
      ...store,
      recordCall: async (row) => {
        await written.promise;
        return store.recordCall(row);
      },
    };
    let answered = false;
    const call = over(await open(slow), scriptedModel("m"))
      .call(aRequest("hi"), never())
      .then(() => {
        answered = true;
      });
    await settle();
    expect(answered).toBe(false);
    written.resolve();
    await call;
    expect(answered).toBe(true);
  });

  it("stops the run, and gives no answer, where the books can not be written", async () => {
    const store = await storeWithFamily();
    const full = new Error("disk full");
    const broken: Store = { ...store, recordCall: () => Promise.reject(full) };
    const told: unknown[] = [];
    const model = over(await open(broken), scriptedModel("m"), never(), (error) => told.push(error));
    await expect(model.call(aRequest("hi"), never())).rejects.toBe(full);
    expect(told).toEqual([full]);
  });

  it("fails again in the same way after a restart, but tries another sample and lets a fork try", async () => {
    const store = await storeWithFamily();
    const failing = scriptedModel("m", () => {
      throw new ModelError("timeout", "no answer in time");
    });
    const healed = scriptedModel("m");
    const failure = { name: "ModelError", failure: "timeout", message: "no answer in time" };
    await expect(over(await open(store), failing).call(aRequest("hi"), never())).rejects.toMatchObject(
      failure,
    );
    const resumed = over(await open(store), healed);
    await expect(resumed.call(aRequest("hi"), never())).rejects.toMatchObject(failure);
    expect(healed.requests).toHaveLength(0);
    expect((await resumed.call(aRequest("hi", 1), never())).text).toBe("m: hi");
    expect((await over(await open(store, "fork"), healed).call(aRequest("hi"), never())).text).toBe("m: hi");
  });

  it("records nothing for a call that the end of the run stopped, however the client puts it", async () => {
    const store = await storeWithFamily();
    const run = new AbortController();
    const model = scriptedModel("m", (_request, _call, signal) =>
      untilAborted(signal).catch(() => {
        throw new ModelError("timeout", "the request was aborted");
      }),
    );
    const ledger = await open(store);
    const call = over(ledger, model, run.signal).call(aRequest("hi"), never());
    await settle();
    run.abort(new Error("over"));
    await expect(call).rejects.toThrow("over");
    expect(ledger.spend()).toEqual([]);
    expect((await open(store)).spend()).toEqual([]);
  });

  it("finishes and books a call that outlives its run, and sends nothing more", async () => {
    const answer = deferred();
    const model: Model = scriptedModel("m", async () => {
      await answer.promise;
      return anAnswer("late");
    });
    const retrying: Model = {
      ...model,
      async call(request, signal, mayTry) {
        const response = await model.call(request, signal);
        if (request.sampleIndex > 0) mayTry?.(); // one that failed, and is to be tried again
        return response;
      },
    };
    const run = new AbortController();
    const ledger = await open(await storeWithFamily());
    const ledgered = over(ledger, retrying, run.signal, () => undefined, never());
    const underWay = [aRequest("hi"), aRequest("hi", 1)].map((request) => ledgered.call(request, never()));
    await settle();
    const away = new Error("the store is away");
    run.abort(away);
    const all = Promise.allSettled([...underWay, ledgered.call(aRequest("more"), never())]);
    answer.resolve();
    expect(await all).toMatchObject([
      { status: "fulfilled", value: { text: "late" } },
      { status: "rejected", reason: away },
      { status: "rejected", reason: away },
    ]);
    expect(ledger.spend()).toMatchObject([{ calls: 1, failedCalls: 0 }]);
  });

  it("uses the answer that was booked first where two processes paid for one call", async () => {
    const store = await storeWithFamily();
    const answers = [deferred(), deferred()] as const;
    const process = async (id: string, nth: 0 | 1) => {
      const model = scriptedModel("m", async () => {
        await answers[nth].promise;
        return anAnswer(`paid by ${id}`);
      });
      return over(await open(store, id), model).call(aRequest("hi"), never());
    };
    const both = [process("root", 0), process("fork", 1)];
    await settle();
    answers[1].resolve();
    await settle();
    answers[0].resolve();
    expect((await Promise.all(both)).map((r) => r.text)).toEqual(["paid by fork", "paid by fork"]);
  });

  it("finishes and books a call its caller no longer waits for", async () => {
    const store = await storeWithFamily();
    const answer = deferred();
    const model = scriptedModel("m", async () => {
      await answer.promise;
      return anAnswer("late");
    });
    const caller = new AbortController();
    const ledgered = over(await open(store), model);
    const call = ledgered.call(aRequest("hi"), caller.signal);
    await settle();
    caller.abort(new Error("bored"));
    await expect(call).rejects.toThrow("bored");
    answer.resolve();
    expect((await ledgered.call(aRequest("hi"), never())).text).toBe("late");
    expect(model.requests).toHaveLength(1);
  });

  it("adds up what the job itself paid, and again after a restart", async () => {
    const store = await storeWithFamily();
    const ledger = await open(store);
    const model = scriptedModel("m", (_request, call) => {
      if (call === 2) throw new ModelError("content_filter", "refused");
      return anAnswer("ok", 0.25);
    });
    const ledgered = over(ledger, model);
    await ledgered.call(aRequest("a"), never());
    await expect(ledgered.call(aRequest("b"), never())).rejects.toThrow("refused");
    await ledgered.call(aRequest("c"), never());
    await over(await open(store, "fork"), model).call(aRequest("d"), never());
    const spent = [
      {
        role: "target",
        calls: 2,
        failedCalls: 1,
        inputTokens: 20,
        cachedInputTokens: 4,
        outputTokens: 10,
        costUsd: 0.5,
      },
    ];
    expect(ledger.spend()).toEqual(spent);
    expect((await open(store)).spend()).toEqual(spent);
  });

  it("knows no sum in dollars once one answer had no price", async () => {
    const ledger = await open(await storeWithFamily());
    const model = scriptedModel("m", (_request, call) => (call === 1 ? anAnswer("a") : anAnswer("b", 1)));
    const ledgered = over(ledger, model);
    await ledgered.call(aRequest("a"), never());
    await ledgered.call(aRequest("b"), never());
    expect(ledger.spend()[0]).not.toHaveProperty("costUsd");
  });

  it("refuses what is not known once the time is over, unrecorded, and still tells what is", async () => {
    const store = await storeWithFamily();
    const ledger = await open(store);
    const model = scriptedModel("m");
    await over(ledger, model).call(aRequest("known"), never());
    const signals = { signal: never(), callsSignal: never() };
    const deps = { ledger, metrics: noMetrics, ...signals, onStoreFailure: () => undefined };
    const late = ledgeredModel("target", model, { ...deps, isOver: () => true });
    expect((await late.call(aRequest("known"), never())).text).toBe("m: known");
    await expect(late.call(aRequest("new"), never())).rejects.toBeInstanceOf(OutOfTimeError);
    expect(model.requests).toHaveLength(1);
    expect(ledger.spend()).toMatchObject([{ calls: 1, failedCalls: 0 }]);
  });

  it("sends no further try of a call once the time is over", async () => {
    let isOver = false;
    const model: Model = {
      ...scriptedModel("m"),
      async call(_request, _signal, mayTry) {
        isOver = true; // while it waits for its next try
        mayTry?.();
        throw new Error("it was tried");
      },
    };
    const ledger = await open(await storeWithFamily());
    const signals = { signal: never(), callsSignal: never() };
    const deps = { ledger, metrics: noMetrics, ...signals, onStoreFailure: () => undefined };
    const ledgered = ledgeredModel("target", model, { ...deps, isOver: () => isOver });
    await expect(ledgered.call(aRequest("hi"), never())).rejects.toBeInstanceOf(OutOfTimeError);
    expect(ledger.spend()).toEqual([]);
  });

  it("makes one call of equal ones that two runs of a family make at once", async () => {
    const store = await storeWithFamily();
    const turns = createTurns();
    const answer = deferred();
    const model = scriptedModel("m", async () => {
      await answer.promise;
      return anAnswer("once");
    });
    const [root, fork] = [await open(store, "root", turns), await open(store, "fork", turns)];
    const both = [over(root, model), over(fork, model)].map((m) => m.call(aRequest("hi"), never()));
    await settle();
    answer.resolve();
    expect((await Promise.all(both)).map((r) => r.text)).toEqual(["once", "once"]);
    expect(model.requests).toHaveLength(1);
    expect([root.spend().length, fork.spend().length]).toEqual([1, 0]);
  });

  it("tries itself where the same call of another run of the family failed", async () => {
    const store = await storeWithFamily();
    const turns = createTurns();
    const model = scriptedModel("m", (_request, call) => {
      if (call === 1) throw new ModelError("bad_request", "refused");
      return anAnswer("well");
    });
    const [root, fork] = [await open(store, "root", turns), await open(store, "fork", turns)];
    const first = over(root, model).call(aRequest("hi"), never());
    const second = over(fork, model).call(aRequest("hi"), never());
    await expect(first).rejects.toThrow("refused");
    expect((await second).text).toBe("well");
  });

  it("hands an error that is no model's failure on, unrecorded", async () => {
    const store = await storeWithFamily();
    const model = scriptedModel("m", () => {
      throw new TypeError("a bug");
    });
    await expect(over(await open(store), model).call(aRequest("hi"), never())).rejects.toThrow("a bug");
    expect((await open(store)).spend()).toEqual([]);
  });
});
