import { describe, it } from "vitest";
import { freePort } from "../clients/service.ts";
import { timeCancels } from "./cancels.ts";
import { start, temporaryFolder } from "./program.ts";
import { startProvider } from "./provider.ts";

describe("a job that is cancelled on the server that runs it", () => {
  it("shows its end to every watcher, and pays for nothing more", async () => {
    const provider = await startProvider({ latencyMs: 60_000 });
    const program = start({
      dataDir: await temporaryFolder(),
      port: await freePort(),
      env: provider.env(0),
    });
    await program.ready;
    await timeCancels(program, program, provider);
  });
});
