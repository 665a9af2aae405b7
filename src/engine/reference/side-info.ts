/** Deepest Markdown heading there is; what nests deeper stays at it. */
const DEEPEST_HEADING = 6;

/** One tried example as reflection reads it: texts by heading, lists and maps where they are parts. */
export type SideInfo = Readonly<Record<string, unknown>>;

/**
 * Examples as gepa 0.1.4 shows them (instruction_proposal.py): `# Example n`, a `##` heading a key, deeper headings for
 * maps and list items, texts trimmed and followed by an empty line.
 */
export function renderSideInfo(examples: readonly SideInfo[]): string {
  return examples.map((example, i) => `# Example ${i + 1}\n${renderMap(example, 2)}`).join("\n\n");
}

function renderMap(map: SideInfo, level: number): string {
  return Object.entries(map)
    .map(([key, value]) => `${heading(level, key)}${renderValue(value, level + 1)}`)
    .join("");
}

function renderValue(value: unknown, level: number): string {
  if (Array.isArray(value)) {
    const items = value.map((item, i) => `${heading(level, `Item ${i + 1}`)}${renderValue(item, level + 1)}`);
    return items.length === 0 ? "\n" : items.join("");
  }
  if (typeof value === "object" && value !== null) {
    const map = renderMap(value as SideInfo, level);
    return map === "" ? "\n" : map;
  }
  return `${String(value).trim()}\n\n`;
}

function heading(level: number, text: string): string {
  return `${"#".repeat(Math.min(level, DEEPEST_HEADING))} ${text}\n`;
}
