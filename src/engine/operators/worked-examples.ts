const MARKS = /\b(example|e\.g\.|for instance|input:|output:|q:|a:)/i;

/** A line such as "Where is my card? => card_arrival". */
const PAIR = /^.*\S[ \t]+(?:=>|->|→)[ \t]+\S/gm;

/** Fewer lines with an arrow may be a rule such as "Fridays -> reply by Monday" and no examples. */
const FEWEST_PAIRS = 2;

/** Whether a text seems to hold worked examples that could be exchanged or cut. */
export function holdsWorkedExamples(text: string): boolean {
  return MARKS.test(text) || (text.match(PAIR)?.length ?? 0) >= FEWEST_PAIRS;
}
