import { describe, expect, it } from "vitest";
import { decodePageToken, encodePageToken } from "../../src/jobs/page-token.ts";

const SCOPE = { list: "things", of: "ada" };

describe("a page token", () => {
  it("gives back the cursor to the same list", () => {
    const token = encodePageToken(SCOPE, [17, "id"]);
    expect(decodePageToken(SCOPE, token, ["number", "string"])).toEqual([17, "id"]);
    expect(decodePageToken(SCOPE, "", ["number"])).toBeUndefined();
  });

  it("is refused by another list, and where its cursor has not the list's form", () => {
    const wrong: [unknown, (string | number)[]][] = [
      [{ list: "things", of: "bob" }, [1]],
      [SCOPE, []],
      [SCOPE, ["abc"]],
      [SCOPE, [1.5]],
      [SCOPE, [-1]],
      [SCOPE, [1e308]],
      [SCOPE, [1, 2]],
    ];
    for (const [scope, cursor] of wrong) {
      const token = encodePageToken(scope, cursor);
      expect(() => decodePageToken(SCOPE, token, ["number"]), JSON.stringify(cursor)).toThrow(
        expect.objectContaining({ reason: "validation_error" }),
      );
    }
    for (const garbage of ["nonsense", "e30", "W10"]) {
      expect(() => decodePageToken(SCOPE, garbage, ["number"])).toThrow(/page_token/);
    }
  });
});
