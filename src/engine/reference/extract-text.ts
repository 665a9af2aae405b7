const FENCE = "```";

/**
 * The new text in an answer, as gepa 0.1.4 finds it (instruction_proposal.py): between the first fence and the last,
 * without the word after the opening one. Of an answer with one fence, whatever stands on its other side; an answer
 * without any is the new text as a whole, be it cut off or mere talk.
 */
export function extractText(answer: string): string {
  const text = answer.trim();
  const first = text.indexOf(FENCE);
  const last = text.lastIndexOf(FENCE);
  if (first >= 0 && first + FENCE.length < last) {
    return text
      .slice(first + FENCE.length, last)
      .replace(/^\S*\n/, "")
      .trim();
  }
  if (text.startsWith(FENCE)) return text.replace(/^```\S*\n?/, "").trim();
  return text.endsWith(FENCE) ? text.slice(0, -FENCE.length).trim() : text;
}
