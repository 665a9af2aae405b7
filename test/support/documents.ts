import { filesUnder, readText } from "./source-tree.ts";

/** What a fenced block of commands is for; it stands after `sh` in the block's first line. */
export const BLOCK_CLASSES = {
  /** Run as written, in the order of the document, in one shell. */
  run: "",
  /** Started as written and left running for the blocks that follow, until the document ends. */
  server: "server",
  /** Run as written by test/docs/operations.test.ts, which stops and starts the service around it as the text says. */
  operate: "operate",
  /** The same with DATABASE_URL set, and the programs of the database's own version on the PATH. */
  operatePostgres: "operate:postgres",
  /** Installs something on the reader's machine. */
  install: "not-run:install",
  /** Needs something that only the reader has, such as a provider's key. */
  account: "not-run:account",
  /** Steps of somebody who changes the project. */
  develop: "not-run:develop",
} as const;
export type BlockClass = keyof typeof BLOCK_CLASSES;

/** Words that open a block of shell commands. */
const SHELLS: readonly string[] = ["sh", "shell", "bash", "console"];

/** One fenced block of shell commands. */
export interface Block {
  readonly document: string;
  /** The heading it stands under, from the second level on. */
  readonly heading: string;
  /** Line of its first command. */
  readonly line: number;
  /** What stands after `sh`. */
  readonly mark: string;
  readonly commands: string;
}

/** The documents that users read. */
export function documents(): string[] {
  return ["README.md", ...filesUnder("docs").filter((path) => path.endsWith(".md"))];
}

/** The shell blocks of a document, in its order. */
export function shellBlocks(document: string): Block[] {
  const text = readText(document);
  const blocks: Block[] = [];
  for (const match of text.matchAll(/^```(\S*)[ \t]*(.*)\n([\s\S]*?)^```$/gm)) {
    const [, language = "", mark = "", commands = ""] = match;
    if (!SHELLS.includes(language)) continue;
    const before = text.slice(0, match.index);
    const heading =
      before
        .match(/^##+ .+$/gm)
        ?.at(-1)
        ?.replace(/^#+ /, "") ?? "";
    blocks.push({ document, heading, line: before.split("\n").length + 1, mark, commands });
  }
  return blocks;
}

/** The cells of every table row of a document, without head lines' rulers; marks of code are taken off. */
export function tableRows(document: string): string[][] {
  return readText(document)
    .split("\n")
    .filter((line) => /^\|.*\|$/.test(line) && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

/** The texts of a document that stand as code, in text and tables alike. */
export function codeSpans(document: string): Set<string> {
  return new Set([...readText(document).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code));
}
