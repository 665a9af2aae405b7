/** A part of a text that can be left out on its own: characters `start` up to, not including, `end`. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Opens or closes a fenced block, which is one part however many lines it has. */
const FENCE = /^\s*(```|~~~)/;
/** Between two sentences: after a word of two letters or more (so not after "e.g." or "1."), before a capital. */
const BETWEEN_SENTENCES = /(?<=\p{L}{2}[.!?]["')\]]?)[ \t]+(?=["'([]?\p{Lu})/gu;

/** The sentences and lines of a text, in order: a line of several sentences gives each of them. */
export function segmentsOf(text: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  let fenceFrom: number | undefined;
  for (const line of text.split("\n")) {
    const end = at + line.length;
    if (FENCE.test(line)) {
      if (fenceFrom === undefined) fenceFrom = at;
      else {
        segments.push({ start: fenceFrom, end });
        fenceFrom = undefined;
      }
    } else if (fenceFrom === undefined && line.trim() !== "") segments.push(...sentencesOf(line, at));
    at = end + 1;
  }
  if (fenceFrom !== undefined) segments.push({ start: fenceFrom, end: text.length });
  return segments;
}

function sentencesOf(line: string, offset: number): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const gap of line.matchAll(BETWEEN_SENTENCES)) {
    segments.push({ start: offset + from, end: offset + gap.index });
    from = gap.index + gap[0].length;
  }
  return [...segments, { start: offset + from, end: offset + line.length }];
}

/** The text without a part; the white space around it is closed up, and no line is left empty that was not before. */
export function withoutSegment(text: string, { start, end }: Segment): string {
  const before = text.slice(0, start);
  const after = text.slice(end);
  const wholeLine = (before === "" || before.endsWith("\n")) && (after === "" || after.startsWith("\n"));
  if (wholeLine) {
    return after === "" ? before.replace(/\s+$/, "") : before + after.slice(1);
  }
  return after === "" || after.startsWith("\n")
    ? before.replace(/[ \t]+$/, "") + after
    : before + after.replace(/^[ \t]+/, "");
}
