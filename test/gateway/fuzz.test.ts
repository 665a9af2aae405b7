import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { create } from "@bufbuild/protobuf";
import {
  EstimateJobResponseSchema,
  ListEventsResponseSchema,
  ListJobsResponseSchema,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { createAnswer, getAnswer, type Rig, SPEC, startRig } from "./rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    CreateJob: async () => createAnswer(),
    GetJob: async () => getAnswer(),
    ListJobs: async () => create(ListJobsResponseSchema),
    ListEvents: async () => create(ListEventsResponseSchema),
    EstimateJob: async () => create(EstimateJobResponseSchema),
  });
});
afterEach(() => rig.close());

const RUNS = { numRuns: 150 };
const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)) });
const isOurs = (status: number) => status < 500;

it("no query and no path is our fault", async () => {
  const names = fc.constantFrom(
    "page_size",
    "status",
    "page_token",
    "types",
    "after_event_id",
    "%00",
    "__proto__",
  );
  const query = fc.array(fc.tuple(names, visible), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(visible, fc.constantFrom("", "/log", "/events"), query, async (id, suffix, pairs) => {
      const search = pairs.map(([name, value]) => `${name}=${value}`).join("&");
      const path = `/v1/optimize${id === "" ? "" : `/${id.replaceAll(/[#?]/g, "")}`}${suffix === "/events" ? "" : suffix}`;
      expect((await rig.send("GET", `${path}?${search.replaceAll("#", "")}`)).status).toSatisfy(isOurs);
    }),
    RUNS,
  );
});

it("no body is our fault", async () => {
  const names = fc.constantFrom(
    ...Object.keys(SPEC),
    "grader",
    "budget",
    "config",
    "seed",
    "type",
    "kind",
    "split",
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.array(tie("any")), fc.dictionary(names, tie("any"))),
  })).any;
  const headers = { "content-type": "application/json" };
  await fc.assert(
    fc.asyncProperty(value, async (json) => {
      const reply = await rig.send("POST", "/v1/estimate", { headers, body: JSON.stringify(json) });
      expect(reply.status).toSatisfy(isOurs);
    }),
    RUNS,
  );
});

it("no bytes are our fault", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), visible, async (bytes, key) => {
      const headers = { "content-type": "application/json", "idempotency-key": key };
      const reply = await rig.send("POST", "/v1/optimize", { headers, body: Buffer.from(bytes) });
      expect(reply.status).toSatisfy(isOurs);
    }),
    RUNS,
  );
});
