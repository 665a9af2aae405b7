import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { JsonValue } from "@bufbuild/protobuf";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { canonical, type WatchRequest } from "./watchers.ts";

/** A page in headless Chromium, served from an origin of its own, that watches with connect-web. */
export interface BrowserWatcher {
  readonly origin: string;
  watch(request: WatchRequest, protocol: "connect" | "grpcweb"): Promise<JsonValue[]>;
  /** What the browser wrote to its console as an error. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Where Debian puts Chromium; CHROMIUM names another one. */
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Bundles the page, serves it on a free loopback port and opens it. */
export async function openBrowser(): Promise<BrowserWatcher> {
  const bundle = await build({
    entryPoints: ["test/clients/browser/watch.ts"],
    bundle: true,
    format: "esm",
    write: false,
    target: "es2022",
  });
  const script = bundle.outputFiles[0]?.text ?? "";
  const page = `<!doctype html><meta charset="utf-8"><title>watch</title><script type="module">${script}</script>`;
  const server: Server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;

  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-sync",
    ],
  });
  const errors: string[] = [];
  return {
    origin,
    errors,
    async watch({ service, jobId, after }, protocol) {
      const tab = await browser.newPage();
      tab.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await tab.goto(origin);
      const events = await tab.evaluate(
        ([url, how, job, cursor]) =>
          (globalThis as unknown as { watch(...args: unknown[]): Promise<unknown[]> }).watch(
            url,
            how,
            job,
            cursor,
          ),
        [service.url, protocol, jobId, after ?? 0] as const,
      );
      await tab.close();
      return (events as JsonValue[]).map(canonical);
    },
    async close() {
      await browser.close();
      server.close();
      await once(server, "close");
    },
  };
}
