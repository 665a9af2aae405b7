import type { Interceptor } from "@connectrpc/connect";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { AppError, type FieldViolation } from "../../base/errors.ts";
import { violationError } from "../errors.ts";

/** Fields that hold a cursor: a wrong one is `invalid_cursor`, not `validation_error`. */
const CURSOR_FIELDS: ReadonlySet<string> = new Set(["after_event_id"]);

/** Rules about a whole message, and the field of it that a caller would look at. */
const FIELD_OF_RULE: Readonly<Record<string, string>> = { "spec.prompt_or_components": "prompt" };

/** Holds every request message to the rules written in the contract. */
export function validation(): Interceptor {
  const validator = createValidator();
  const check = (schema: DescMessage, message: Message) => {
    const result = validator.validate(schema, message);
    if (result.kind === "valid") return;
    if (result.kind === "error") throw result.error; // the rules themselves are broken
    const violations = result.violations.map(fieldViolation);
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

function fieldViolation(violation: Violation): FieldViolation {
  const inner = FIELD_OF_RULE[violation.ruleId];
  const path = pathToString(violation.field);
  const field = inner === undefined ? path : path === "" ? inner : `${path}.${inner}`;
  return { field: field === "" ? "request" : field, description: violation.message };
}
