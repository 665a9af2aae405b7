import { describe, expect, it } from "vitest";
import { abortable, isAbort, throwIfAborted } from "../../src/base/abort.ts";

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
