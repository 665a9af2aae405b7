import { describe, expect, it } from "vitest";
import { createTurns } from "../../src/jobs/turns.ts";
import { settle } from "../support/job-world.ts";
import { deferred } from "../support/scripted-model.ts";

const never = new AbortController().signal;

describe("turns at a key", () => {
  it("are taken one after the other, by as many as wait, and those of other keys at once", async () => {
    const turns = createTurns();
    const gates = [deferred(), deferred(), deferred()];
    const begun: string[] = [];
    const take = (key: string, i: number) =>
      turns(key, never, async () => {
        begun.push(`${key}${i}`);
        await gates[i]?.promise;
        return i;
      });
    const taken = [take("a", 0), take("a", 1), take("a", 2), take("b", 9)];
    await settle(2);
    expect(begun).toEqual(["a0", "b9"]);
    gates[0]?.resolve();
    await settle(2);
    expect(begun).toEqual(["a0", "b9", "a1"]);
    gates[1]?.resolve();
    gates[2]?.resolve();
    expect(await Promise.all(taken)).toEqual([0, 1, 2, 9]);
  });

  it("pass on from one that failed, whose failure is its own", async () => {
    const turns = createTurns();
    const failing = turns("a", never, () => Promise.reject(new Error("mine")));
    const next = turns("a", never, async () => "yours");
    await expect(failing).rejects.toThrow("mine");
    expect(await next).toBe("yours");
  });

  it("are not taken by one that gave up waiting", async () => {
    const turns = createTurns();
    const gate = deferred();
    const first = turns("a", never, () => gate.promise);
    const impatient = new AbortController();
    let taken = false;
    const second = turns("a", impatient.signal, async () => {
      taken = true;
    });
    impatient.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    gate.resolve();
    await first;
    await settle(2);
    expect(taken).toBe(false);
  });
});
