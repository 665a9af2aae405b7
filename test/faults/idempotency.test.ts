import { Agent, request } from "node:http";
import { describe, expect, it } from "vitest";
import { freePort } from "../clients/service.ts";
import { specOf } from "./jobs.ts";
import { pause, start, tell, temporaryFolder } from "./program.ts";

const CALLERS = 1000;

/** An answer to a create. */
interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  /** What a refusal asks to wait. */
  readonly retryAfterMs: number;
  readonly jobId: string | undefined;
}

/** One create under the key; rejects where the service goes away before it has answered. */
function create(port: number, agent: Agent, spec: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path: "/v1/optimize",
        method: "POST",
        agent,
        headers: { "content-type": "application/json", "idempotency-key": "the-one-key" },
      },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("error", reject);
        response.on("end", () => {
          const { job_id: jobId } = JSON.parse(body) as { readonly job_id?: string };
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: Number(response.headers["retry-after"] ?? 0) * 1000,
            replayed: response.headers["idempotent-replayed"] === "true",
            jobId,
          });
        });
      },
    );
    call.on("error", reject);
    call.end(JSON.stringify(spec));
  });
}

/** A caller that was refused comes back after the time it was told, and up to this much later. */
const SPREAD_MS = 1000;

/** Repeats a create until it is answered with a job, as a careful client does. */
async function createAtLast(port: number, agent: Agent, spec: unknown): Promise<Answer> {
  for (;;) {
    const answer = await create(port, agent, spec).catch(() => undefined);
    if (answer?.status === 201) return answer;
    if (answer !== undefined && ![409, 503].includes(answer.status)) {
      throw new Error(`a create was answered with ${answer.status}`);
    }
    await pause((answer?.retryAfterMs ?? 0) + Math.random() * SPREAD_MS);
  }
}

async function jobsThere(port: number): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/optimize`);
  const { jobs } = (await answer.json()) as { readonly jobs: readonly { readonly job_id: string }[] };
  return jobs.map((job) => job.job_id);
}

describe(`${CALLERS} creates at once under one key`, () => {
  for (const killed of [false, true]) {
    it(`make one job${killed ? ", also where the service is killed in the middle and the callers come back" : ""}`, async () => {
      const [dataDir, port] = [await temporaryFolder(), await freePort()];
      const launch = () => start({ dataDir, port, env: { DEMO_LATENCY_MS: "0" } });
      const program = launch();
      await program.ready;
      const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
      const spec = specOf(1, 1);
      let answered = 0;
      const all = Array.from({ length: CALLERS }, async () => {
        const answer = await createAtLast(port, agent, spec);
        answered++;
        return answer;
      });
      if (killed) {
        while (answered < CALLERS / 10) await pause(1);
        program.signal("SIGKILL");
        await program.ended;
        expect(answered, "answers before the kill").toBeLessThan(CALLERS);
        tell(`killed after ${answered} of ${CALLERS} answers`);
        await launch().ready;
      }
      const answers = await Promise.all(all);
      expect(new Set(answers.map((answer) => answer.jobId)).size).toBe(1);
      expect(answers.filter((answer) => !answer.replayed).length).toBeLessThanOrEqual(1);
      expect(await jobsThere(port)).toEqual([answers[0]?.jobId]);
      agent.destroy();
    });
  }
});
