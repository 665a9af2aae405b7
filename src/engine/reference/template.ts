/** Where a reflection request holds the text to improve, and where what came of it: gepa's own placeholders. */
export const CURRENT_TEXT = "<curr_param>";
export const SIDE_INFO = "<side_info>";

const PLACEHOLDERS = new RegExp(`${CURRENT_TEXT}|${SIDE_INFO}`, "g");

/** The built-in request: the parts of gepa's, in its order, in words of our own. */
const PARTS = {
  current: [
    "Below is what an assistant was told to do. It is the text you are going to improve:",
    `\`\`\`\n${CURRENT_TEXT}\n\`\`\``,
  ],
  examples: [
    "With it the assistant worked on the tasks below. For each there is what it was given, what it answered, and what a reviewer made of the answer:",
    `\`\`\`\n${SIDE_INFO}\n\`\`\``,
  ],
  order: [
    "Write the text that should take its place.",
    [
      "- Work out from the inputs what form they come in and what is really being asked; describe both.",
      "- Take from the answers and the remarks each rule, name and fact of the field that made the difference, and write it down: the next assistant has your text and nothing else to learn it from.",
      "- Where an answer got there by a way of working that suits other tasks too, tell the assistant to work that way.",
    ].join("\n"),
    "Give the whole new text between two lines of three backticks, and nothing of yours inside them.",
  ],
} as const;

/** The reflection request where the caller has no template. `background` is what there is to know of the task beside. */
export function defaultTemplate(background: string): string {
  const beside = background === "" ? [] : [`What is known about the task beside that:\n\n${background}`];
  return [...PARTS.current, ...beside, ...PARTS.examples, ...PARTS.order].join("\n\n");
}

/** The placeholders a template lacks; one that lacks any would ask for an improvement of nothing, or from nothing. */
export function missingPlaceholders(template: string): string[] {
  return [CURRENT_TEXT, SIDE_INFO].filter((placeholder) => !template.includes(placeholder));
}

/**
 * A template filled in, every placeholder at once. gepa 0.1.4 fills in one after the other, so that a text which
 * happens to hold `<side_info>` is torn open by the examples; no decision rests on that, so it is not kept.
 */
export function fillTemplate(template: string, currentText: string, sideInfo: string): string {
  return template.replace(PLACEHOLDERS, (placeholder) =>
    placeholder === CURRENT_TEXT ? currentText : sideInfo,
  );
}
