import { describe, expect, it } from "vitest";
import { extractText } from "../../../src/engine/reference/extract-text.ts";
import { renderSideInfo } from "../../../src/engine/reference/side-info.ts";
import {
  CURRENT_TEXT,
  defaultTemplate,
  fillTemplate,
  missingPlaceholders,
  SIDE_INFO,
} from "../../../src/engine/reference/template.ts";

describe("the examples of a reflection request", () => {
  it("are numbered, with a heading a key and an empty line after each text", () => {
    expect(renderSideInfo([{ Inputs: " one\n", Feedback: "good" }, { Inputs: 2 }])).toBe(
      "# Example 1\n## Inputs\none\n\n## Feedback\ngood\n\n\n\n# Example 2\n## Inputs\n2\n\n",
    );
  });

  it("nest maps and lists under deeper headings, down to the deepest there is", () => {
    const nested = {
      a: { b: { c: { d: { e: { f: "deep" } } } } },
      list: ["x", { y: "z" }],
      none: {},
      no: [],
    };
    expect(renderSideInfo([nested])).toBe(
      [
        "# Example 1\n## a\n### b\n#### c\n##### d\n###### e\n###### f\ndeep\n\n",
        "## list\n### Item 1\nx\n\n### Item 2\n#### y\nz\n\n",
        "## none\n\n## no\n\n",
      ].join(""),
    );
  });
});

describe("the template of a reflection request", () => {
  it("shows the text, then the examples, then what to write and how to give it", () => {
    const template = defaultTemplate("");
    const order = [CURRENT_TEXT, SIDE_INFO, "Write the text", "- Work out", "- Take from", "three backticks"];
    const places = order.map((part) => template.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(template.match(/```/g)).toHaveLength(4);
    expect(missingPlaceholders(template)).toEqual([]);
  });

  it("has room for what is known about the task", () => {
    expect(defaultTemplate("- product: bank")).toContain("- product: bank");
    expect(missingPlaceholders(defaultTemplate("- product: bank"))).toEqual([]);
  });

  it("is filled in at every place at once, so that no text is torn open by what it holds", () => {
    const filled = fillTemplate(
      "<curr_param>|<side_info>|<curr_param>",
      "say <side_info> and $& and $1",
      "<curr_param>",
    );
    expect(filled).toBe("say <side_info> and $& and $1|<curr_param>|say <side_info> and $& and $1");
  });

  it("is told which placeholders it lacks", () => {
    expect(missingPlaceholders("<side_info>")).toEqual([CURRENT_TEXT]);
    expect(missingPlaceholders("<curr-param> <Side_info>")).toEqual([CURRENT_TEXT, SIDE_INFO]);
  });
});

describe("the new text is taken from an answer", () => {
  const answers: readonly [what: string, answer: string, text: string][] = [
    ["between its fences", "Here:\n```\nBe kind.\n```\nDone.", "Be kind."],
    ["without the name of a language", "```markdown\nBe kind.\nAlways.\n```", "Be kind.\nAlways."],
    ["from the first fence to the last", "```\nSay:\n```\nx\n```\nend\n```", "Say:\n```\nx\n```\nend"],
    ["with a first line that looks like a language cut off, as gepa does", "```Hello\nworld```", "world"],
    ["after a fence that is never closed", "```text\nBe kind.\nAlw", "Be kind.\nAlw"],
    ["before a fence that was never opened", "Be kind.\n```", "Be kind."],
    ["as a whole where one fence stands in the middle", "Be\n```\nkind.", "Be\n```\nkind."],
    ["as a whole without any fence", "  I would make it clearer.\n", "I would make it clearer."],
    ["as nothing where there is nothing", "``````", ""],
  ];
  for (const [what, answer, text] of answers) {
    it(what, () => {
      expect(extractText(answer)).toBe(text);
    });
  }
});
