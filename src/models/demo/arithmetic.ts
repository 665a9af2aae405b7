import { numbers, stems } from "./text.ts";

/** Operations by the stems of the words that usually ask for them; the first that fits is taken. */
const CUES: readonly { readonly name: string; readonly stems: readonly string[]; readonly apply: Apply }[] = [
  {
    name: "subtract",
    stems: ["left", "remain", "off", "spent", "less", "fewer", "change", "chang"],
    apply: subtract,
  },
  {
    name: "multiply",
    stems: ["each", "every", "per", "time", "twice", "doubl"],
    apply: (n) => n.reduce((a, b) => a * b, 1),
  },
  { name: "divide", stems: ["split", "half", "shar", "equal", "averag"], apply: divide },
];

type Apply = (values: readonly number[]) => number;

function subtract(values: readonly number[]): number {
  const [first = 0, ...rest] = [...values].sort((a, b) => b - a);
  return rest.reduce((left, value) => left - value, first);
}

function divide(values: readonly number[]): number {
  const [first = 0, second = 1] = values;
  return second === 0 ? first : first / second;
}

const sum: Apply = (values) => values.reduce((a, b) => a + b, 0);

/**
 * What a simulated assistant makes of a word problem: with care it picks the operation by the wording, otherwise it
 * adds everything up. It is often wrong, as a weak model is.
 */
export function calculate(
  input: string,
  withCare: boolean,
): { readonly steps: readonly string[]; readonly result: number } {
  const values = numbers(input);
  const said = stems(input);
  const cue = withCare ? CUES.find((c) => c.stems.some((word) => said.has(word))) : undefined;
  const result = Math.round((cue?.apply ?? sum)(values) * 100) / 100;
  const shown = Number.isFinite(result) ? result : 0;
  return {
    steps: [`Step 1: the numbers are ${values.join(", ") || "none"}.`, `Step 2: ${cue?.name ?? "add"} them.`],
    result: shown,
  };
}
