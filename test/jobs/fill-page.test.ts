import { expect, it } from "vitest";
import type { EventBody } from "../../src/domain/event.ts";
import { fillPage, MAX_PAGE_BYTES } from "../../src/jobs/fill-page.ts";
import { listCandidates } from "../../src/jobs/list-candidates.ts";
import { listEvents } from "../../src/jobs/list-events.ts";
import { listJobs } from "../../src/jobs/list-jobs.ts";
import { listRollouts } from "../../src/jobs/list-rollouts.ts";
import type { Page, PageRequest } from "../../src/jobs/use-cases.ts";
import { ALICE, emptyStore } from "../support/job-world.ts";
import { aJob } from "../support/jobs.ts";
import { began, judged, recordedJob, wrote } from "../support/recorded-jobs.ts";

/** Three of it are more than a page, two are not. */
const LONG = "x".repeat(MAX_PAGE_BYTES * 0.4);

it("takes so many as were asked for, and says which is next", async () => {
  expect(await fillPage([1, 2, 3], 2)).toEqual({ items: [1, 2], next: 3 });
  expect(await fillPage([1, 2], 2)).toEqual({ items: [1, 2] });
  expect(await fillPage([], 2)).toEqual({ items: [] });
});

it("ends a page before it is too large, but takes one item however large it is", async () => {
  expect(await fillPage([LONG, LONG, LONG], 9)).toEqual({ items: [LONG, LONG], next: LONG });
  const huge = LONG.repeat(4);
  expect(await fillPage([huge, 1], 9)).toEqual({ items: [huge], next: 1 });
});

it("counts what is sent of an item and no more", async () => {
  expect(await fillPage([LONG, LONG, LONG], 9, (text) => text.length)).toEqual({ items: [LONG, LONG, LONG] });
});

it("counts bytes, not characters", async () => {
  const wide = "語".repeat(MAX_PAGE_BYTES * 0.3);
  expect((await fillPage([wide, wide], 9)).items).toHaveLength(1);
});

function longCandidate(candidateId: string): EventBody {
  const event = wrote(candidateId);
  if (event.type !== "generate") throw new Error("not a candidate");
  return { ...event, data: { ...event.data, components: { prompt: LONG } } };
}

function longRun(candidateId: string): EventBody {
  const event = judged(candidateId, "minibatch", { e1: 1 });
  if (event.type !== "judge") throw new Error("not a run");
  const evaluations = event.data.evaluations.map((evaluation) => ({ ...evaluation, output: LONG }));
  return { ...event, data: { ...event.data, evaluations } };
}

async function aStore() {
  const store = await emptyStore();
  const ids = ["c1", "c2", "c3", "c4", "c5"];
  await recordedJob(store, "job-1", [
    began(["e1"]),
    ...ids.flatMap((id) => [longCandidate(id), longRun(id)]),
  ]);
  for (const n of [2, 3, 4, 5]) {
    const { progress } = aJob("any");
    const bestSoFar = { candidateId: "c0", components: { prompt: LONG }, score: 1 };
    const job = aJob(`job-${n}`, { createdAt: n, progress: { ...progress, bestSoFar } });
    await store.createJob({ job, maxOpenJobsPerOwner: 100 });
  }
  return store;
}

type List = (page: PageRequest) => Promise<Page<unknown>>;

const lists: readonly (readonly [name: string, open: (store: Awaited<ReturnType<typeof aStore>>) => List])[] =
  [
    ["jobs", (store) => (page) => listJobs({ store })(ALICE, page)],
    ["events", (store) => (page) => listEvents({ store })(ALICE, "job-1", page, 0, [])],
    ["candidates", (store) => (page) => listCandidates({ store })(ALICE, "job-1", page, false)],
    ["rollouts", (store) => (page) => listRollouts({ store })(ALICE, "job-1", page, {})],
  ];
for (const [name, open] of lists) {
  it(`ends pages of ${name} early and gives each item once, in the same order`, async () => {
    const list = open(await aStore());
    const paged: unknown[] = [];
    const sizes: number[] = [];
    let pageToken = "";
    do {
      const page = await list({ pageSize: 500, pageToken });
      expect(Buffer.byteLength(JSON.stringify(page.items))).toBeLessThan(MAX_PAGE_BYTES + 10);
      sizes.push(page.items.length);
      paged.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(sizes.length).toBeGreaterThan(1);

    const single: unknown[] = [];
    do {
      const page = await list({ pageSize: 1, pageToken });
      single.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(paged).toEqual(single);
    expect(sizes.every((size) => size >= 1)).toBe(true);
  });
}
