import { expect, it } from "vitest";
import { activeLessons, learn, MAX_ACTIVE_LESSONS, type Finding } from "../../src/engine/lessons.ts";
import type { LessonRecord } from "../../src/engine/state.ts";

const finding = (iteration: number, rest: Partial<Finding> = {}): Finding => ({
  iteration,
  candidateId: `c${iteration}`,
  text: `lesson ${iteration}`,
  evidenceExampleIds: ["e1"],
  effect: 0.5,
  shownIds: [],
  ...rest,
});
const journal = (findings: readonly Finding[]) =>
  findings.reduce<readonly LessonRecord[]>((lessons, f) => learn(lessons, f).lessons, []);

it("notes what helped as active, with its evidence and its measured effect", () => {
  const { lessons, changed } = learn([], finding(3));
  expect(activeLessons(lessons)).toHaveLength(1);
  expect(changed).toEqual([
    {
      id: "l3",
      text: "lesson 3",
      iteration: 3,
      evidenceExampleIds: ["e1"],
      candidateId: "c3",
      effect: 0.5,
      status: "active",
    },
  ]);
});

it("notes what did not help, or was not measured, as retired", () => {
  expect(activeLessons(journal([finding(1, { effect: 0 }), finding(2, { effect: -0.5 })]))).toEqual([]);
  const { effect: _none, ...unmeasured } = finding(3);
  expect(learn([], unmeasured).changed).toEqual([expect.objectContaining({ status: "retired" })]);
});

it("retires a lesson that was followed again and again without helping", () => {
  const followed = [2, 3, 4, 5].map((i) => finding(i, { text: "", effect: -0.1, shownIds: ["l1"] }));
  expect(activeLessons(journal([finding(1), ...followed.slice(0, 3)]))).toHaveLength(1);
  expect(activeLessons(journal([finding(1), ...followed]))).toEqual([]);
});

it("keeps a lesson that helps now and then", () => {
  const followed = [2, 3, 4, 5].map((i) =>
    finding(i, { text: "", effect: i === 2 ? 0.3 : -0.1, shownIds: ["l1"] }),
  );
  expect(activeLessons(journal([finding(1), ...followed]))).toHaveLength(1);
});

it("does not note the same lesson twice, nor an empty one", () => {
  expect(journal([finding(1), finding(2, { text: " LESSON  1 " }), finding(3, { text: " " })])).toHaveLength(
    1,
  );
});

it("holds no more active lessons than a prompt should show, and lets the least effective one go", () => {
  const many = Array.from({ length: MAX_ACTIVE_LESSONS + 1 }, (_, i) =>
    finding(i + 1, { effect: i === 4 ? 0.1 : 0.5 }),
  );
  const active = activeLessons(journal(many));
  expect(active).toHaveLength(MAX_ACTIVE_LESSONS);
  expect(active.map((l) => l.id)).not.toContain("l5");
});
