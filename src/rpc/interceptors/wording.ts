import type { Violation } from "@bufbuild/protovalidate";
import { GraderSchema } from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { SERVED_KINDS } from "../convert/grader.ts";

/** The rules' own words, which are for who writes rules, and what is told in their place; `$1` is the limit. */
const WORDING: readonly (readonly [said: RegExp, told: string])[] = [
  [/^does not match regex pattern `\\S`$/, "holds only white space; write something, or leave it out"],
  [
    /^does not match regex pattern `\^\[A-Za-z_\]\[A-Za-z0-9_\.-\]\{0,63\}\$`$/,
    "is no name for a component; begin with a letter or _, go on with letters, digits, _, . and -, up to 64 in all",
  ],
  [/^must be finite$/, "must be finite; send a number that is neither infinite nor NaN"],
  [/^must be at least 1 characters$/, "is empty; write something"],
  [/^must contain at least 1 item\(s\)$/, "is empty; give at least one"],
  [/^must contain no more than (\d+) item\(s\)$/, "holds too many; at most $1 are taken"],
  [/^map must be at most (\d+) entries$/, "holds too many; at most $1 are taken"],
  [/^repeated value must contain unique items$/, "names one twice; give each once"],
  [/^must be in list \[, (.+)\]$/, "is none of $1; leave it out for the default"],
  [/^value is required$/, "is missing"],
  [/^must be greater than or equal to (\S+) and less than or equal to (\S+)$/, "must be from $1 to $2"],
  [/^must be greater than (\S+) and less than or equal to (\S+)$/, "must be more than $1, and $2 at most"],
  [/^must be greater than or equal to (\S+)$/, "must be $1 or more"],
  [/^must be greater than (\S+)$/, "must be more than $1"],
];

/** What is wrong with a field, in words for whoever sent it. */
export function wordingOf({ message, field }: Pick<Violation, "message" | "field">): string {
  const last = field.at(-1);
  if (last?.kind === "oneof") {
    const kinds = last.parent === GraderSchema ? SERVED_KINDS : last.fields.map(({ name }) => name);
    return `is none of its kinds; give one of ${kinds.join(", ")}`;
  }
  for (const [said, told] of WORDING) if (said.test(message)) return message.replace(said, told);
  return message;
}
