const MARKS = /\b(example|e\.g\.|for instance|input:|output:|q:|a:)/i;

/** Whether a text seems to hold worked examples that could be exchanged or cut. */
export function holdsWorkedExamples(text: string): boolean {
  return MARKS.test(text);
}
