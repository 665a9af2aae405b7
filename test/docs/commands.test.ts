import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documents } from "../support/documents.ts";
import { blocksOf, newReader, type Reader, readmeServer } from "./reader.ts";

/** What a reader must have seen in the end, beyond commands that did not fail. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["event: final", "event: finished", '"verdict":', '"stopReason":'],
  "docs/API.md": ["HTTP/1.1 201 Created", "ocation: /v1/optimize/"],
  "docs/SSE.md": ["id: 1\nevent: started", "event: finished"],
};

let reader: Reader;
beforeEach(async () => {
  reader = await newReader();
});
afterEach(() => reader.leave());

describe("the commands of the documents", () => {
  for (const document of documents().filter((name) => blocksOf(name, "run").length > 0)) {
    it(`run as ${document} writes them`, async () => {
      // A document that starts no server of its own relies on the README's.
      const [server = readmeServer()] = blocksOf(document, "server");
      await reader.start(server);
      const output = await reader.run(blocksOf(document, "run"));
      for (const text of SEEN[document] ?? []) expect(output).toContain(text);
    });
  }
});
