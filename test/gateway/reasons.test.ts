import { expect, it } from "vitest";
import { ErrorReason } from "../../gen/ts/gepa/v1/errors_pb.ts";
import { PROBLEMS } from "../../src/gateway/errors.ts";

it("every reason of the contract has a status", () => {
  const reasons = Object.keys(ErrorReason).filter(
    (name) => Number.isNaN(Number(name)) && name !== "UNSPECIFIED",
  );
  expect(Object.keys(PROBLEMS).sort()).toEqual(reasons.map((name) => name.toLowerCase()).sort());
});
