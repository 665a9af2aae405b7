import { describe, expect, it } from "vitest";
import { createLimiter, type Urgency } from "../../src/engine/limit.ts";

/** Hands tasks in while the only slot is taken, and gives the order they started in. */
async function started(tasks: readonly { readonly name: string; readonly urgency?: Urgency }[]) {
  const limiter = createLimiter(1);
  const order: string[] = [];
  let free: () => void = () => undefined;
  const holder = limiter(() => new Promise<void>((resolve) => (free = resolve)));
  const others = tasks.map(({ name, urgency }) =>
    limiter(() => Promise.resolve(void order.push(name)), urgency),
  );
  free();
  await Promise.all([holder, ...others]);
  return order;
}

describe("the limiter", () => {
  it("starts tasks in the order they were handed in", async () => {
    expect(await started([{ name: "a" }, { name: "b" }, { name: "c" }])).toEqual(["a", "b", "c"]);
  });

  it("lets what everything waits for go first, and what nobody waits for last", async () => {
    const order = await started([
      { name: "aside", urgency: "spare" },
      { name: "a" },
      { name: "urgent", urgency: "first" },
      { name: "b", urgency: "in_turn" },
    ]);
    expect(order).toEqual(["urgent", "a", "b", "aside"]);
  });

  it("never runs more at once than it has slots, and frees the slot of a task that fails", async () => {
    const limiter = createLimiter(2);
    let running = 0;
    let most = 0;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 9 }, (_, i) =>
        limiter(
          async () => {
            most = Math.max(most, ++running);
            await Promise.resolve();
            running--;
            if (i % 3 === 0) throw new Error("no answer");
          },
          (["first", "in_turn", "spare"] as const)[i % 3],
        ),
      ),
    );
    expect(most).toBe(2);
    expect(outcomes.filter((o) => o.status === "rejected")).toHaveLength(3);
  });
});
