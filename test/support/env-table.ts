import { type Key, KEYS } from "../../src/config/keys.ts";

/** The rows of the table in docs/ENV.md, as they must stand there. */
export function envRows(): string[] {
  return Object.values<Key<unknown>>(KEYS).map((key) => {
    const fallback = key.fallback === undefined || key.fallback === "" ? "none" : `\`${key.fallback}\``;
    const names = key.type.secret ? `\`${key.env}\`, \`${key.env}_FILE\`` : `\`${key.env}\``;
    return `| ${names} | ${key.type.shape} | ${fallback} | ${key.doc} |`;
  });
}
