import { describe, expect, it } from "vitest";
import type { EventBody } from "../../src/domain/event.ts";
import { listRollouts } from "../../src/jobs/list-rollouts.ts";
import type { Page, RolloutFilter, RolloutRecord } from "../../src/jobs/use-cases.ts";
import { ALICE, BOB, emptyStore } from "../support/job-world.ts";
import { began, decided, judged, recordedJob, regraded, wrote } from "../support/recorded-jobs.ts";

const FIRST = { pageSize: 0, pageToken: "" };

const SEARCH: readonly EventBody[] = [
  began(["v1", "v2"]),
  wrote("c0", []),
  judged("c0", "validation", { v1: 0.5, v2: undefined }),
  decided("c0", true),
  judged("c0", "parent_minibatch", { t1: 0, v1: 0.5 }, ["v1"]),
  wrote("c1"),
  judged("c1", "minibatch", { t1: 1, v1: 1 }),
  judged("c1", "validation", { v1: 1, v2: 1 }, ["v1"]),
];

async function recorded(events: readonly EventBody[]) {
  const store = await emptyStore();
  const append = await recordedJob(store, "job-1", events);
  const list = (page = FIRST, filter: RolloutFilter = {}, caller = ALICE, id = "job-1") =>
    listRollouts({ store })(caller, id, page, filter);
  return { append, list };
}

const runs = ({ items }: Page<RolloutRecord>) =>
  items.map((r) => `${r.candidateId} ${r.evaluation.exampleId} ${r.stage}`);

/** What was run in {@link SEARCH}. */
const RUNS = [
  "c0 v1 validation",
  "c0 v2 validation",
  "c0 t1 parent_minibatch",
  "c1 t1 minibatch",
  "c1 v1 minibatch",
  "c1 v2 validation",
];

describe("listing rollouts", () => {
  it("gives each run once, in the order of the log, and no result that was known already", async () => {
    const { list } = await recorded(SEARCH);
    const page = await list();
    expect(runs(page)).toEqual(RUNS);
    expect(page.nextPageToken).toBe("");
  });

  it("gives the output, the score, or why there is none", async () => {
    const { items } = await (await recorded(SEARCH)).list();
    expect(items[4]).toMatchObject({ iteration: 1, evaluation: { score: 1, output: "c1 on v1" } });
    expect(items[1]?.evaluation).toMatchObject({ error: { code: "timeout" } });
    expect(items[1]?.evaluation.score).toBeUndefined();
  });

  const filters: readonly (readonly [filter: RolloutFilter, expected: readonly string[]])[] = [
    [{ candidateId: "c0" }, RUNS.slice(0, 3)],
    [{ exampleId: "v2" }, ["c0 v2 validation", "c1 v2 validation"]],
    [{ candidateId: "c1", exampleId: "v2" }, ["c1 v2 validation"]],
    [{ candidateId: "c7" }, []],
  ];
  for (const [filter, expected] of filters) {
    it(`gives only those of ${JSON.stringify(filter)} where they are asked for`, async () => {
      const { list } = await recorded(SEARCH);
      expect(runs(await list(FIRST, filter))).toEqual(expected);
    });
  }

  it("cuts pages anywhere, also within one event, and gives each run once", async () => {
    const { list } = await recorded(SEARCH);
    for (const pageSize of [1, 2, 4, 5, 6]) {
      const seen: string[] = [];
      let page = await list({ pageSize, pageToken: "" });
      for (; page.nextPageToken !== ""; page = await list({ pageSize, pageToken: page.nextPageToken })) {
        expect(page.items).toHaveLength(pageSize);
        seen.push(...runs(page));
      }
      expect([...seen, ...runs(page)]).toEqual(RUNS);
    }
  });

  it("gives the seed's runs once, with the grades that stand, wherever a page is cut", async () => {
    const { list, append } = await recorded([
      began(["v1", "v2", "v3"]),
      wrote("c0", []),
      judged("c0", "validation", { v1: 1, v2: 0, v3: undefined }),
      judged("c0", "noise_floor", { v1: 0.5 }),
      regraded("c0", "validation", { v1: 0.75 }, 3),
      regraded("c0", "validation", { v2: 0.25 }, 2),
    ]);
    await append([decided("c0", true), wrote("c1"), regraded("c1", "validation", { v1: 0.5 }, 3)]);
    for (const pageSize of [1, 2, 4, 100]) {
      const rows: (readonly [
        run: string | undefined,
        score: number | undefined,
        grades: number | undefined,
      ])[] = [];
      for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
        const page: Page<RolloutRecord> = await list({ pageSize, pageToken });
        const names = runs(page);
        rows.push(...page.items.map((r, i) => [names[i], r.evaluation.score, r.evaluation.grades] as const));
        pageToken = page.nextPageToken === "" ? undefined : page.nextPageToken;
      }
      expect(rows).toEqual([
        ["c0 v1 validation", 0.75, 3],
        ["c0 v2 validation", 0.25, 2],
        ["c0 v3 validation", undefined, undefined],
        ["c0 v1 noise_floor", 0.5, undefined],
        ["c1 v1 validation", 0.5, 3],
      ]);
    }
    const { items } = await list(FIRST, { candidateId: "c0", exampleId: "v2" });
    expect(items).toMatchObject([{ stage: "validation", evaluation: { score: 0.25 } }]);
  });

  it("goes on from its place while the job goes on writing", async () => {
    const { list, append } = await recorded(SEARCH);
    const first = await list({ pageSize: 4, pageToken: "" });
    await append([judged("c2", "minibatch", { t1: 0 })]);
    const rest = await list({ pageSize: 4, pageToken: first.nextPageToken });
    expect([...runs(first), ...runs(rest)]).toEqual([...RUNS, "c2 t1 minibatch"]);
  });

  it("gives 100 where no size is said and 1000 at most", async () => {
    const scores = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`e${i}`, 1]));
    const { list } = await recorded([judged("c0", "validation", scores), judged("c1", "validation", scores)]);
    expect((await list()).items).toHaveLength(100);
    const most = await list({ pageSize: 5000, pageToken: "" });
    expect(most.items).toHaveLength(1000);
    expect((await list({ pageSize: 5000, pageToken: most.nextPageToken })).items).toHaveLength(200);
  });

  it("refuses a token of another list, and what is no token", async () => {
    const { list } = await recorded(SEARCH);
    const refused = { reason: "validation_error", violations: [{ field: "page_token" }] };
    const page = { pageSize: 1, pageToken: (await list({ pageSize: 1, pageToken: "" })).nextPageToken };
    await expect(list(page, { candidateId: "c0" })).rejects.toMatchObject(refused);
    await expect(list(page, { exampleId: "c0" })).rejects.toMatchObject(refused);
    await expect(list({ pageSize: 1, pageToken: "WzEsMl0" })).rejects.toMatchObject(refused);
  });

  it("does not find a job of somebody else, nor one that never was", async () => {
    const { list } = await recorded(SEARCH);
    await expect(list(FIRST, {}, BOB)).rejects.toMatchObject({ reason: "not_found" });
    await expect(list(FIRST, {}, ALICE, "job-9")).rejects.toMatchObject({ reason: "not_found" });
  });
});
