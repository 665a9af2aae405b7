import { describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { chooseChampion } from "../../src/engine/champion.ts";
import type { Member } from "../../src/engine/state.ts";
import { member } from "../support/members.ts";

const validation = Array.from({ length: 40 }, (_, i) => `v${i}`);
const scores = (score: (i: number) => number, upTo = validation.length) =>
  Object.fromEntries(validation.slice(0, upTo).map((id, i) => [id, score(i)]));
const seed = member(
  "c0",
  scores((i) => (i % 2 === 0 ? 1 : 0)),
);
const chosen = (...pool: Member[]) => chooseChampion([seed, ...pool], validation);

describe("the champion", () => {
  it("is the clearly best one, and the seed where nobody is better", () => {
    const better = member(
      "c1",
      scores((i) => (i % 4 === 3 ? 0 : 1)),
    );
    const best = member(
      "c2",
      scores((i) => (i % 8 === 7 ? 0 : 1)),
    );
    const worse = member(
      "c3",
      scores(() => 0),
    );
    expect(chosen(better, best, worse)).toMatchObject({ member: { id: "c2" }, considered: 4 });
    expect(chosen(worse)).toMatchObject({ member: { id: "c0" }, estimate: 0 });
    expect(chosen().member.id).toBe("c0");
  });

  it("is, of equally good ones, the one that was tried on more examples", () => {
    const lucky = member(
      "c1",
      scores((i) => (i < 18 ? 1 : 0), 20),
    );
    const solid = member(
      "c2",
      scores((i) => (i < 36 ? 1 : 0)),
    );
    const steady = member(
      "c3",
      scores((i) => (i % 8 === 7 ? 0 : 1)),
    );
    expect(chosen(lucky, solid, steady).member.id).toBe("c2");
    const barelyRun = member(
      "c4",
      scores(() => 1, 19),
    );
    expect(chosen(barelyRun, solid)).toMatchObject({ member: { id: "c2" }, considered: 2 });
  });

  it("is no shorter text that scores clearly less, however few the examples", () => {
    const graded = (id: string, score: number, prompt: string) =>
      member(id, { v0: score }, { components: { prompt } });
    const pool = [
      graded("c0", 0.25, "Answer."),
      graded("c1", 0.44, "Answer well."),
      graded("c2", 0.81, "Answer well, and name the ticket."),
      graded("c3", 0.8, "Answer and name the ticket."),
    ];
    expect(chooseChampion(pool, ["v0"]).member.id).toBe("c3");
  });

  it("is the shortest of those that score the same, and of equally short ones the oldest", () => {
    const same = scores((i) => (i % 8 === 7 ? 0 : 1));
    const long = member("c1", same, { components: { prompt: "a prompt with much in it" } });
    const short = member("c2", same, { components: { prompt: "a prompt" } });
    const later = member("c3", same, { components: { prompt: "b prompt" } });
    expect(chosen(long, short, later).member.id).toBe("c2");
  });

  it("is compared where the seed has no score, too", () => {
    const unscored = member("c0", {}, { failed: validation });
    const pool = [
      unscored,
      member(
        "c1",
        scores(() => 0.5),
      ),
      member(
        "c2",
        scores(() => 0.7),
      ),
    ];
    expect(chooseChampion(pool, validation).member.id).toBe("c2");
    expect(chooseChampion([unscored], validation)).toMatchObject({ member: { id: "c0" }, considered: 0 });
  });

  it("promises less than the best mean says, by about as much as the best mean flatters", () => {
    const rng = createRng({ seed: 1 });
    let flattery = 0;
    let error = 0;
    const runs = 200;
    for (let run = 0; run < runs; run++) {
      const base = validation.map(() => (rng.random() < 0.5 ? 1 : 0));
      const pool = [
        member(
          "c0",
          scores((i) => base[i] ?? 0),
        ),
      ];
      // Nobody is better than anybody: every lift is luck.
      for (let c = 1; c <= 10; c++)
        pool.push(
          member(
            `c${c}`,
            scores(() => (rng.random() < 0.5 ? 1 : 0)),
          ),
        );
      const { member: best, estimate } = chooseChampion(pool, validation);
      const mean = validation.reduce(
        (sum, id) => sum + (best.scores[id] ?? 0) - (pool[0]?.scores[id] ?? 0),
        0,
      );
      flattery += mean / validation.length / runs;
      error += estimate / runs;
    }
    expect(flattery).toBeGreaterThan(0.08);
    expect(Math.abs(error)).toBeLessThan(0.05);
  });
});
