import type { Interceptor } from "@connectrpc/connect";
import { type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { AppError, type FieldViolation } from "../../base/errors.ts";
import {
  CreateJobRequestSchema,
  EstimateJobRequestSchema,
} from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { type Grader, GraderSchema } from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { MAX_DEPTH } from "../convert/grader.ts";
import { violationError } from "../errors.ts";
import { wordingOf } from "./wording.ts";

/** Fields that hold a cursor: a wrong one is `invalid_cursor`, not `validation_error`. */
const CURSOR_FIELDS: ReadonlySet<string> = new Set(["after_event_id"]);

/** Rules about a whole message, and the field of it that a caller would look at. */
const FIELD_OF_RULE: Readonly<Record<string, string>> = { "spec.prompt_or_components": "prompt" };

/** What a rule about the whole message is told of. */
const REQUEST = "request";

/** Holds every request message to the rules written in the contract. */
export function validation(): Interceptor {
  const validator = createValidator();
  const violationsOf = (schema: DescMessage, message: Message): FieldViolation[] => {
    const result = validator.validate(schema, message);
    if (result.kind === "error") throw result.error; // the rules themselves are broken
    return result.kind === "valid" ? [] : result.violations.map(fieldViolation);
  };
  /**
   * What is wrong with graders inside of a multi grader. protovalidate 1.3.0 drops the rules of a message that stands
   * inside one of its own type: it prunes the plan of the inner one while that of the outer one is being made.
   */
  const inParts = (grader: Grader, path: string, depth = 1): FieldViolation[] => {
    if (grader.kind.case !== "multi" || depth >= MAX_DEPTH) return [];
    return grader.kind.value.graders.flatMap(({ grader: part }, i) => {
      if (part === undefined) return [];
      const at = `${path}.multi.graders[${i}].grader`;
      const own = violationsOf(GraderSchema, part);
      if (own.length === 0) return inParts(part, at, depth + 1);
      return own.map(({ field, description }) => ({
        field: field === REQUEST ? at : `${at}.${field}`,
        description,
      }));
    });
  };
  const check = (schema: DescMessage, message: Message) => {
    const violations = violationsOf(schema, message);
    const grader = gradedBy(message);
    if (violations.length === 0 && grader !== undefined) violations.push(...inParts(grader, "spec.grader"));
    if (violations.length === 0) return;
    const cursor = violations.find(({ field }) => CURSOR_FIELDS.has(field));
    throw cursor === undefined
      ? violationError(violations)
      : new AppError("invalid_cursor", `${cursor.field}: ${cursor.description}.`, { violations: [cursor] });
  };
  return (next) => async (req) => {
    if (!req.stream) {
      check(req.method.input, req.message);
      return next(req);
    }
    return next({ ...req, message: checked(req.method.input, req.message) });
  };

  async function* checked<T extends Message>(schema: DescMessage, messages: AsyncIterable<T>) {
    for await (const message of messages) {
      check(schema, message);
      yield message;
    }
  }
}

/** The grader of a request that brings one. */
function gradedBy(message: Message): Grader | undefined {
  const hasSpec = isMessage(message, CreateJobRequestSchema) || isMessage(message, EstimateJobRequestSchema);
  return hasSpec ? message.spec?.grader : undefined;
}

function fieldViolation(violation: Violation): FieldViolation {
  const inner = FIELD_OF_RULE[violation.ruleId];
  // A choice that was not made is told of the message that has it: the choice itself has no name in JSON.
  const named = violation.field.filter(({ kind }) => kind !== "oneof");
  const path = pathToString(named);
  const field = inner === undefined ? path : path === "" ? inner : `${path}.${inner}`;
  return {
    field: field === "" ? REQUEST : field,
    description: wordingOf(violation),
  };
}
