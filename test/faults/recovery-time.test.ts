import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { openConnection } from "../../src/storage/sqlite/connection.ts";
import { freePort } from "../clients/service.ts";
import { createSurely, specOf } from "./jobs.ts";
import { STORE_FILES } from "./ledger-image.ts";
import { start, tell, temporaryFolder } from "./program.ts";

const LONG = inject("form") === "long";
const JOBS = LONG ? 1000 : 50;
const EVENTS_PER_JOB = LONG ? 1000 : 100;
const CALLS_PER_JOB = 100;
const STARTS = LONG ? 5 : 1;

/** The promise; held to in the long form alone, which is run where nothing else is. */
const READY_WITHIN_MS = 2000;

/** Jobs that keep their places while nothing is answered. */
const ENV = {
  MAX_OPEN_JOBS_PER_OWNER: "100000",
  DEMO_LATENCY_MS: "60000",
};

/** Writes what all these jobs would have recorded: each is running, with a long log and its paid answers. */
function fillLogs(dataDir: string): void {
  const db = openConnection(join(dataDir, STORE_FILES[0]));
  const ids = db.all("SELECT id FROM jobs", []).map((row) => String(row.id));
  const data = JSON.stringify({
    stage: "judge",
    iteration: 1,
    bestScore: 0.5,
    bestCandidateId: "c0",
    budget: { lines: [{ kind: "iterations", used: 1, limit: 100 }], fraction: 0.01 },
    spend: [],
    timing: { elapsedS: 1 },
  });
  const outcome = JSON.stringify({
    kind: "answer",
    response: {
      text: "x".repeat(300),
      finishReason: "stop",
      usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 50 },
      costUsd: 0,
    },
  });
  const event =
    "INSERT OR IGNORE INTO events (job_id, id, ts, type, data) VALUES ($1, $2, $3, 'progress', $4)";
  const call =
    "INSERT INTO calls (root_id, key, job_id, role, ts, outcome) VALUES ($1, $2, $1, 'target', $3, $4)";
  for (const id of ids) {
    db.exec("BEGIN");
    for (let n = 1; n <= EVENTS_PER_JOB; n++) db.run(event, [id, n, 1_700_000_000_000 + n, data]);
    for (let n = 0; n < CALLS_PER_JOB; n++) db.run(call, [id, `key-${n}`, 1_700_000_000_000, outcome]);
    db.exec("COMMIT");
  }
  db.run("UPDATE jobs SET status = 'running', last_event_id = $1, engine_ordinal = $1", [EVENTS_PER_JOB]);
  db.close();
}

/** Starts over these data, kills, and gives the milliseconds until it was ready. */
async function readyAfter(dataDir: string, port: number): Promise<number> {
  const began = performance.now();
  const program = start({ dataDir, port, env: ENV });
  await program.ready;
  const took = Math.round(performance.now() - began);
  const page = await fetch(`${program.url}/v1/optimize?status=running`);
  expect(page.status).toBe(200);
  program.signal("SIGKILL");
  await program.ended;
  return took;
}

describe("a start over many unfinished jobs", () => {
  it(`is ready soon: ${JOBS} jobs, ${JOBS * EVENTS_PER_JOB} events`, async () => {
    const [dataDir, port] = [await temporaryFolder(), await freePort()];
    const first = start({ dataDir, port, env: ENV });
    await first.ready;
    const desks = Array.from({ length: JOBS }, (_, desk) => desk);
    for (let from = 0; from < JOBS; from += 50) {
      await Promise.all(
        desks.slice(from, from + 50).map((desk) => createSurely(first, specOf(desk), `desk-${desk}`)),
      );
    }
    first.signal("SIGKILL");
    await first.ended;
    fillLogs(dataDir);

    const emptyDir = await temporaryFolder();
    const [took, tookEmpty]: [number[], number[]] = [[], []];
    for (let n = 0; n < STARTS; n++) {
      tookEmpty.push(await readyAfter(emptyDir, port));
      took.push(await readyAfter(dataDir, port));
    }
    tell(
      `ready after ${took.join(", ")} ms with ${JOBS} unfinished jobs, ${JOBS * EVENTS_PER_JOB} events, ` +
        `${JOBS * CALLS_PER_JOB} recorded calls; with nothing at all, in between, after ${tookEmpty.join(", ")} ms`,
    );
    if (LONG) expect(Math.min(...took)).toBeLessThanOrEqual(READY_WITHIN_MS);
  });
});
