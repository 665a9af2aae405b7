import { fromJson, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EventSchema } from "../../../gen/ts/gepa/v1/event_pb.ts";
import { cursor, eventTypes, protoEvent, protoTruncated } from "../../../src/rpc/convert/event.ts";
import { unsetFields } from "../../support/descriptors.ts";
import { FULL_EVENT_BODIES } from "../../support/full-events.ts";

const HEADER = { id: 7, jobId: "j1", ts: 1_712_345_678_123 };
const events = FULL_EVENT_BODIES.map((body) => protoEvent({ ...body, ...HEADER }));

/** JSON with the texts of 64-bit integers and times as they are, and names as in the contract. */
const jsonOf = (event: (typeof events)[number]) => toJson(EventSchema, event, { useProtoFieldName: true });

describe("an event", () => {
  for (const event of events) {
    it(`of type ${event.data.case} loses no field`, () => {
      expect(unsetFields(EventSchema, event)).toEqual([]);
    });

    it(`of type ${event.data.case} survives canonical JSON`, () => {
      expect(fromJson(EventSchema, toJson(EventSchema, event))).toEqual(event);
    });
  }

  it("covers every case of the contract with the note about lost events", () => {
    const truncated = protoTruncated({ kind: "truncated", jobId: "j1", firstAvailable: 5, ts: 1 });
    const cases = [...events, truncated].map((event) => event.data.case);
    expect(cases.sort()).toEqual(EventSchema.oneofs[0]?.fields.map((field) => field.localName).sort());
  });

  it("has the same values under the same names as it is stored", () => {
    for (const body of FULL_EVENT_BODIES) {
      const json = jsonOf(protoEvent({ ...body, ...HEADER })) as Record<string, unknown>;
      expect(json).toMatchObject({
        id: "7",
        job_id: "j1",
        ts: "2024-04-05T19:34:38.123Z",
        schema_version: 1,
      });
      expect(namesOf(json[body.type])).toEqual(expect.arrayContaining(namesOf(body.data)));
    }
  });

  it("keeps the scalars of its data", () => {
    expect(jsonOf(events[0] as (typeof events)[number])).toMatchObject({
      started: {
        seed: "9007199254740991",
        plan: { tokens: "90000", cost_usd_high: 2 },
        splits: { test: ["e3"] },
      },
    });
    const [, generate, judge] = events.map(jsonOf);
    expect(generate).toMatchObject({ generate: { components: { prompt: "Be kind." }, parent_ids: ["c0"] } });
    expect(judge).toMatchObject({
      judge: { evaluations: [{ score: 0.5, objectives: { brevity: 0.75 }, error: { code: "timeout" } }] },
    });
  });

  it("leaves a score that is missing unset, which is not zero", () => {
    const event = protoEvent({
      ...HEADER,
      type: "judge",
      data: {
        iteration: 0,
        candidateId: "c0",
        stage: "validation",
        evaluations: [
          { exampleId: "a", feedback: "", output: "", objectives: {}, reused: false },
          { exampleId: "b", score: 0, feedback: "", output: "", objectives: {}, reused: false },
        ],
      },
    });
    expect(jsonOf(event)).toMatchObject({ judge: { evaluations: [{ example_id: "a" }, { score: 0 }] } });
    expect(JSON.stringify(jsonOf(event))).not.toContain("mean_score");
  });
});

describe("the note about lost events", () => {
  it("has the id before the first event that follows", () => {
    const note = protoTruncated({ kind: "truncated", jobId: "j1", firstAvailable: 5, ts: 1_500 });
    expect(jsonOf(note)).toMatchObject({ id: "4", job_id: "j1", truncated: { first_available: "5" } });
  });
});

describe("cursor", () => {
  it("begins before the first event where none is given", () => {
    expect([cursor(undefined), cursor(0n), cursor(12n)]).toEqual([0, 0, 12]);
  });

  it("refuses what no event can have", () => {
    expect(() => cursor(2n ** 60n)).toThrow(
      expect.objectContaining({
        reason: "invalid_cursor",
        violations: [expect.objectContaining({ field: "after_event_id" })],
      }),
    );
  });
});

describe("eventTypes", () => {
  it("takes every stored type", () => {
    const names = FULL_EVENT_BODIES.map((body) => body.type);
    expect(eventTypes(names)).toEqual(names);
  });

  for (const name of ["truncated", "nope", "", "toString"]) {
    it(`refuses "${name}" and says what there is`, () => {
      expect(() => eventTypes(["final", name])).toThrow(/types\[1\]: .*started, generate/);
    });
  }
});

/** Names of an object and of the objects in it, in the contract's spelling; those of maps are the caller's own. */
function namesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ...namesOf(inner),
  ]);
}
