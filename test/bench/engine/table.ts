/** One row, cell by cell. */
export type Row = readonly string[];

/** A Markdown table, its columns padded so that it reads well as text too. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? "").length)));
  const line = (row: Row) => `| ${widths.map((w, i) => (row[i] ?? "").padEnd(w)).join(" | ")} |`;
  const rule = `|${widths.map((w) => "-".repeat(w + 2)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** A number with so many digits; "–" where there is none, "never" for infinity. */
export function digits(value: number | undefined, places: number): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return Number.isFinite(value) ? value.toFixed(places) : "never";
}

/** Mean ± standard error. */
export function withError({ mean, error }: { mean: number; error: number }, places = 3): string {
  return Number.isNaN(mean) ? "–" : `${mean.toFixed(places)} ± ${error.toFixed(places)}`;
}

/** A signed number. */
export function signed(value: number, places = 3): string {
  return `${value >= 0 ? "+" : ""}${value.toFixed(places)}`;
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
