import { digest } from "../base/digest.ts";
import { invalidField } from "../base/errors.ts";

/** Where a page begins: values of the last item before it. */
export type PageCursor = readonly (string | number)[];

/** What a list's cursors are made of, place by place; a "number" is a whole one, 0 or more. */
export type CursorForm = readonly ("number" | "string")[];

/** Hexadecimal characters of the scope's digest in a token: enough to tell honest mistakes apart. */
const SCOPE_CHARACTERS = 16;

/**
 * An opaque token for the page after `cursor`. `scope` is every other parameter of the list: a token is good for the
 * same list only. It grants nothing; ownership is checked on every page.
 */
export function encodePageToken(scope: unknown, cursor: PageCursor): string {
  return Buffer.from(JSON.stringify([scopeTag(scope), ...cursor])).toString("base64url");
}

/** The cursor of a token, undefined for the empty one; `validation_error` where it is not a token of this list. */
export function decodePageToken(scope: unknown, token: string, form: CursorForm): PageCursor | undefined {
  if (token === "") return undefined;
  const [tag, ...cursor] = parse(token);
  if (tag !== scopeTag(scope) || !hasForm(cursor, form)) {
    throw invalidField(
      "page_token",
      "it is not from an answer to this list; repeat the other parameters unchanged, or leave it out for the first page",
    );
  }
  return cursor;
}

/** How many items a page holds: 0 means the default, more than the maximum is the maximum. */
export function pageSize(asked: number, fallback: number, max: number): number {
  return asked === 0 ? fallback : Math.min(asked, max);
}

function scopeTag(scope: unknown): string {
  return digest(scope).slice(0, SCOPE_CHARACTERS);
}

function parse(token: string): PageCursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return Array.isArray(value) && value.every(isScalar) ? value : [];
  } catch {
    return []; // Not JSON: no tag, and so refused like the token of another list.
  }
}

function hasForm(cursor: PageCursor, form: CursorForm): boolean {
  const fits = (value: string | number, kind: CursorForm[number]) =>
    kind === "string" ? typeof value === "string" : Number.isSafeInteger(value) && Number(value) >= 0;
  return cursor.length === form.length && cursor.every((value, i) => fits(value, form[i] ?? "string"));
}

function isScalar(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
