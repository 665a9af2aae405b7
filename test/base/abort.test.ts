import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { abortable, abortScope, isAbort, sharedByCalls, throwIfAborted } from "../../src/base/abort.ts";

describe("abortable", () => {
  it("settles as the promise does while the signal is quiet", async () => {
    const { signal } = new AbortController();
    await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(abortable(Promise.reject(new Error("x")), signal)).rejects.toThrow("x");
  });

  it("rejects with the signal's reason at once, before or after the wait began", async () => {
    const controller = new AbortController();
    const waiting = abortable(new Promise(() => undefined), controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(abortable(Promise.reject(new Error("late")), controller.signal)).rejects.toThrow("enough");
  });
});

describe("isAbort", () => {
  it("knows the signal's own reason and any AbortError, and nothing else", () => {
    const controller = new AbortController();
    const reason = new Error("mine");
    controller.abort(reason);
    expect(isAbort(reason, controller.signal)).toBe(true);
    expect(isAbort(new DOMException("x", "AbortError"))).toBe(true);
    expect(isAbort(new Error("other"), controller.signal)).toBe(false);
    expect(() => throwIfAborted(controller.signal)).toThrow("mine");
    expect(() => throwIfAborted(undefined)).not.toThrow();
  });
});

describe("a scope", () => {
  it("ends with its parent, for the parent's reason, before or after it was opened", () => {
    const parent = new AbortController();
    const early = abortScope(parent.signal);
    parent.abort("over");
    expect(early.signal.reason).toBe("over");
    expect(abortScope(parent.signal).signal.reason).toBe("over");
  });

  it("ends alone, once, and leaves its parent as it was", () => {
    const parent = new AbortController();
    const scope = abortScope(parent.signal);
    scope.end("first");
    scope.end("second");
    expect(scope.signal.reason).toBe("first");
    expect(parent.signal.aborted).toBe(false);
    expect(getEventListeners(parent.signal, "abort")).toEqual([]);
  });

  it("may be listened to by any number of calls in flight", () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    const parent = new AbortController();
    const scope = abortScope(parent.signal);
    for (const signal of [scope.signal, sharedByCalls(parent.signal)]) {
      for (let call = 0; call < 50; call++) signal.addEventListener("abort", () => call);
    }
    expect(warned).not.toHaveBeenCalled();
    const plain = new AbortController().signal;
    for (let call = 0; call < 50; call++) plain.addEventListener("abort", () => call);
    expect(warned).toHaveBeenCalled();
    scope.end("done");
  });
});

afterEach(() => vi.restoreAllMocks());
