import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { errorHeader } from "../../../src/base/invoke.ts";
import { MAX_BUCKETS } from "../../../src/rpc/interceptors/rate-limit.ts";
import { call, refusal } from "../../support/call.ts";
import { aJob } from "../../support/jobs.ts";
import { createTestRpc, TOKEN, type TestRpc } from "../../support/rpc-server.ts";

const { cancelJob, getJob, estimateJob, watchJob } = OptimizationService.method;

/** Six a minute, two at once: one more every ten seconds. */
const limited = () =>
  createTestRpc({
    rateLimit: { perMinute: 6, burst: 2 },
    useCases: { cancelJob: async (_caller, id) => aJob(id), getJob: async (_caller, id) => aJob(id) },
  });
const write = (rpc: TestRpc, clientAddress = "192.0.2.1") =>
  call(rpc, cancelJob, { jobId: "j1" }, { clientAddress });

describe("the limit on writes", () => {
  it("takes a burst, then one each time the bucket has filled by one", async () => {
    const rpc = limited();
    await write(rpc);
    await write(rpc);
    expect(await refusal(write(rpc))).toMatchObject({ reason: "rate_limited", retryAfterMs: 10_000 });
    await rpc.clock.advance(4_000);
    expect(await refusal(write(rpc))).toMatchObject({ retryAfterMs: 6_000 });
    await rpc.clock.advance(6_000);
    await write(rpc);
    expect((await refusal(write(rpc))).reason).toBe("rate_limited");
  });

  it("never saves up more than a burst", async () => {
    const rpc = limited();
    await write(rpc);
    await rpc.clock.advance(3_600_000);
    await write(rpc);
    await write(rpc);
    expect((await refusal(write(rpc))).reason).toBe("rate_limited");
  });

  it("says on every answer what is left, and on a refusal when to come back", async () => {
    const rpc = limited();
    const { header } = await write(rpc);
    expect(header.get("ratelimit-policy")).toBe('"write";q=2;w=20');
    expect(header.get("ratelimit")).toBe('"write";r=1;t=10');
    await write(rpc);
    await rpc.clock.advance(3_500);
    const refused = errorHeader(await refusal(write(rpc)));
    expect(refused.get("ratelimit")).toBe('"write";r=0;t=7');
    expect(refused.get("retry-after")).toBe("7");
    expect(rpc.metrics.values.get("rate_limited_total")).toBe(1);
  });

  it("is each caller's own: by address where anonymous, by token otherwise", async () => {
    const rpc = limited();
    for (let i = 0; i < 2; i++) await write(rpc, "192.0.2.1");
    expect((await refusal(write(rpc, "192.0.2.1"))).reason).toBe("rate_limited");
    await write(rpc, "192.0.2.2");
    await call(rpc, cancelJob, { jobId: "j1" }, { header: { authorization: `Bearer ${TOKEN}` } });
  });

  it("does not count what is refused for a wrong token", async () => {
    const rpc = limited();
    for (let i = 0; i < 10; i++) {
      const wrong = call(rpc, cancelJob, { jobId: "j1" }, { header: { authorization: `Bearer wrong-${i}` } });
      expect((await refusal(wrong)).reason).toBe("unauthorized");
    }
    await write(rpc);
    await write(rpc);
  });

  it("leaves reads, estimates and watches alone", async () => {
    const rpc = limited();
    for (let i = 0; i < 5; i++) {
      expect((await call(rpc, getJob, { jobId: "j1" })).header.has("ratelimit")).toBe(false);
      expect(
        (await refusal(call(rpc, estimateJob, { spec: { prompt: "x", examples: [{ input: "y" }] } }))).reason,
      ).toBe("not_found");
      expect((await refusal(call(rpc, watchJob, { jobId: "j1" }))).reason).toBe("not_found");
    }
  });

  it("counts writes whose content is refused", async () => {
    const rpc = limited();
    for (let i = 0; i < 2; i++) {
      expect((await refusal(call(rpc, cancelJob, { jobId: "" }))).reason).toBe("validation_error");
    }
    expect((await refusal(write(rpc))).reason).toBe("rate_limited");
  });

  it("remembers a bounded number of callers and forgets the one not seen for longest", async () => {
    const rpc = limited();
    for (let i = 0; i < 2; i++) await write(rpc, "first");
    for (let i = 0; i < MAX_BUCKETS - 1; i++) await write(rpc, `other-${i}`);
    expect((await refusal(write(rpc, "first"))).reason).toBe("rate_limited");
    for (let i = 0; i < MAX_BUCKETS; i++) await write(rpc, `more-${i}`);
    await write(rpc, "first");
  });

  it("can be switched off", async () => {
    const rpc = createTestRpc({
      rateLimit: { perMinute: 0, burst: 1 },
      useCases: { cancelJob: async (_caller, id) => aJob(id) },
    });
    for (let i = 0; i < 100; i++) expect((await write(rpc)).header.has("ratelimit")).toBe(false);
  });
});
