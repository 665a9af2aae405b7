import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenApiDocument } from "../../src/gateway/openapi/document.ts";
import { DOCS_STYLE, renderDocs } from "../../src/gateway/docs-page.ts";
import { PROBLEMS } from "../../src/gateway/errors.ts";
import { OPEN_API, type Rig, startRig } from "./rig.ts";

const document = JSON.parse(OPEN_API) as OpenApiDocument;
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({});
});
afterEach(() => rig.close());

it("/openapi.json is the generated document", async () => {
  const reply = await rig.send("GET", "/openapi.json");
  expect([reply.status, reply.headers["content-type"], reply.text]).toEqual([
    200,
    "application/json",
    OPEN_API,
  ]);
});

it("/ points to the docs", async () => {
  expect((await rig.send("GET", "/")).json()).toMatchObject({ docs: "/docs", openapi: "/openapi.json" });
});

describe("every page", () => {
  for (const path of ["/", "/docs", "/openapi.json"]) {
    it(`${path} is sent once: 304 by its tag afterwards`, async () => {
      const { etag = "" } = (await rig.send("GET", path)).headers;
      expect(etag).toMatch(/^".+"$/);
      const again = await rig.send("GET", path, { headers: { "if-none-match": etag } });
      expect([again.status, again.text]).toEqual([304, ""]);
      expect((await rig.send("HEAD", path)).text).toBe("");
    });

    it(`${path} can only be read`, async () => {
      const reply = await rig.send("POST", path);
      expect([reply.status, reply.headers.allow]).toEqual([405, "GET, HEAD"]);
      const options = await rig.send("OPTIONS", path);
      expect([options.status, options.headers.allow]).toEqual([204, "GET, HEAD"]);
    });
  }
});

describe("/docs", () => {
  it("needs nothing from elsewhere and runs nothing", async () => {
    const reply = await rig.send("GET", "/docs");
    expect(reply.headers["content-type"]).toBe("text/html; charset=utf-8");
    const hash = createHash("sha256").update(DOCS_STYLE).digest("base64");
    expect(reply.headers["content-security-policy"]).toContain(
      `default-src 'none'; style-src 'sha256-${hash}'`,
    );
    expect(reply.text).toContain(`<style>${DOCS_STYLE}</style>`);
    expect(reply.text).not.toMatch(/<script|<link|<img|@import|\son[a-z]+=|\sstyle=/);
  });

  it("shows every route with a curl line, every parameter, schema, field and error code", async () => {
    const { text } = await rig.send("GET", "/docs");
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([m, o]) => ({ path, m, o })),
    );
    const wanted = [
      ...operations.map(({ path, m }) => `${m.toUpperCase()} ${path}</code>`),
      ...operations.map(({ o }) => `id="${o.operationId}"`),
      ...operations.flatMap(({ o }) => (o.parameters ?? []).map((p) => `<code>${p.name}</code>`)),
      ...Object.keys(document.components.schemas).map((name) => `id="schema-${name}"`),
      ...Object.values(document.components.schemas).flatMap((s) =>
        Object.keys(s.properties ?? {}).map((f) => `<code>${f}</code>`),
      ),
      ...Object.keys(PROBLEMS).map((code) => `id="error-${code}"`),
    ];
    expect(wanted.filter((piece) => !text.includes(piece))).toEqual([]);
    expect(text.match(/<pre>curl /g)).toHaveLength(operations.length);
  });

  it("links only to what is on it", async () => {
    const { text } = await rig.send("GET", "/docs");
    const links = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id ?? "");
    expect(links.filter((id) => !text.includes(`id="${id}"`))).toEqual([]);
  });

  it("escapes what the contract says", () => {
    const hostile = { ...document, info: { ...document.info, summary: `<script>alert("1")</script>&` } };
    expect(renderDocs(hostile)).toContain("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;");
  });
});
