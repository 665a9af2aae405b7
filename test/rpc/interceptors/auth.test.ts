import { createHash } from "node:crypto";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { errorHeader } from "../../../src/base/invoke.ts";
import type { Caller } from "../../../src/jobs/use-cases.ts";
import type { AuthOptions } from "../../../src/rpc/interceptors/auth.ts";
import { call, refusal } from "../../support/call.ts";
import { aJob } from "../../support/jobs.ts";
import { createTestRpc, startTestServer, TOKEN } from "../../support/rpc-server.ts";

const { getJob } = OptimizationService.method;
const OWNER = createHash("sha256").update(TOKEN).digest("hex");
const ANONYMOUS = { owner: "anonymous", bucket: "anonymous:192.0.2.1" };
const KNOWN = { owner: OWNER, bucket: OWNER };

function rpcWith(auth: Partial<AuthOptions>) {
  const callers: Caller[] = [];
  const rpc = createTestRpc({
    auth,
    useCases: {
      async getJob(caller, id) {
        callers.push(caller);
        return aJob(id);
      },
    },
  });
  return { rpc, callers };
}

const SHUT = { anonymous: false };
const OPEN = { anonymous: true };
const DEV = { anonymous: true, loopbackOnly: true };
const TOKENLESS_DEV = { anonymous: true, tokens: [] };

const lets: readonly (readonly [
  authorization: string | undefined,
  auth: Partial<AuthOptions>,
  caller: Caller,
])[] = [
  [`Bearer ${TOKEN}`, SHUT, KNOWN],
  [`bearer ${TOKEN}`, SHUT, KNOWN],
  [`BEARER   ${TOKEN}  `, SHUT, KNOWN],
  [`Bearer ${TOKEN}`, OPEN, KNOWN],
  [`Bearer ${TOKEN}`, { ...SHUT, tokens: ["other", TOKEN, "third"] }, KNOWN],
  [undefined, OPEN, ANONYMOUS],
  ["", OPEN, ANONYMOUS],
  ["Bearer", OPEN, ANONYMOUS],
  ["Bearer   ", OPEN, ANONYMOUS],
  [undefined, TOKENLESS_DEV, ANONYMOUS],
  ["Bearer anything", TOKENLESS_DEV, ANONYMOUS],
];

const refuses: readonly (readonly [
  authorization: string | undefined,
  auth: Partial<AuthOptions>,
  message: RegExp,
])[] = [
  [undefined, SHUT, /A token is needed/],
  ["", SHUT, /A token is needed/],
  ["Bearer ", SHUT, /A token is needed/],
  ["Bearer wrong", SHUT, /not known/],
  ["Bearer wrong", OPEN, /not known/],
  [`Bearer ${TOKEN}x`, OPEN, /not known/],
  [`Bearer ${TOKEN.slice(0, -1)}`, OPEN, /not known/],
  [`Bearer ${TOKEN.toUpperCase()}`, OPEN, /not known/],
  [`Bearer ${TOKEN} ${TOKEN}`, OPEN, /not known/],
  [`Bearer ${TOKEN}, Bearer ${TOKEN}`, OPEN, /not known/],
  [`Basic ${TOKEN}`, OPEN, /A token is needed/],
  [TOKEN, OPEN, /A token is needed/],
  [`Bearer ${"x".repeat(8_192)}`, OPEN, /not known/],
  ["Bearer t\u00f6ken", OPEN, /not known/],
  [undefined, { anonymous: false, tokens: [] }, /API_BEARER_TOKENS/],
  [`Bearer ${TOKEN}`, { anonymous: false, tokens: [] }, /API_BEARER_TOKENS/],
];

const shown = (text: string | undefined) =>
  text === undefined ? "nothing" : JSON.stringify(text.slice(0, 50));

describe("auth", () => {
  for (const [authorization, auth, caller] of lets) {
    it(`lets ${shown(authorization)} in as ${caller.owner.slice(0, 9)} under ${JSON.stringify(auth)}`, async () => {
      const { rpc, callers } = rpcWith(auth);
      await call(
        rpc,
        getJob,
        { jobId: "j1" },
        { header: authorization === undefined ? {} : { authorization } },
      );
      expect(callers).toEqual([caller]);
    });
  }

  for (const [authorization, auth, message] of refuses) {
    it(`refuses ${shown(authorization)} under ${JSON.stringify(auth)}`, async () => {
      const { rpc, callers } = rpcWith(auth);
      const header = authorization === undefined ? {} : { authorization };
      const error = await refusal(call(rpc, getJob, { jobId: "j1" }, { header }));
      expect(error).toMatchObject({ reason: "unauthorized", message: expect.stringMatching(message) });
      expect(errorHeader(error).get("www-authenticate")).toBe("Bearer");
      expect(callers).toEqual([]);
    });
  }

  it("keeps callers without a token apart by their address, as one owner", async () => {
    const { rpc, callers } = rpcWith(OPEN);
    for (const clientAddress of ["192.0.2.1", "2001:db8::1"])
      await call(rpc, getJob, { jobId: "j" }, { clientAddress });
    expect(callers).toEqual([ANONYMOUS, { owner: "anonymous", bucket: "anonymous:2001:db8::1" }]);
  });

  for (const host of [
    "127.0.0.1:8000",
    "localhost",
    "LOCALHOST:8000",
    "[::1]:8000",
    "127.1.2.3",
    undefined,
  ]) {
    it(`lets callers without a token in under --dev as ${host}`, async () => {
      const { rpc, callers } = rpcWith(DEV);
      await call(rpc, getJob, { jobId: "j1" }, { header: host === undefined ? {} : { host } });
      expect(callers).toEqual([ANONYMOUS]);
    });
  }

  for (const host of [
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "[::1].evil",
    "",
    "a:b:c",
  ]) {
    it(`refuses them as ${host}, for a page may have been pointed here`, async () => {
      const { rpc, callers } = rpcWith(DEV);
      const error = await refusal(call(rpc, getJob, { jobId: "j1" }, { header: { host } }));
      expect(error).toMatchObject({ reason: "forbidden", message: expect.stringMatching(/127\.0\.0\.1/) });
      expect(callers).toEqual([]);
      await call(rpc, getJob, { jobId: "j1" }, { header: { host, authorization: `Bearer ${TOKEN}` } });
      await call(rpcWith(OPEN).rpc, getJob, { jobId: "j1" }, { header: { host } });
    });
  }

  it("asks for no token where the contract says open, whatever is sent", async () => {
    const { rpc } = rpcWith(SHUT);
    const { checkHealth, checkReadiness, getVersion, getMetrics, getMetricsText } = SystemService.method;
    for (const method of [checkHealth, checkReadiness, getVersion, getMetrics, getMetricsText]) {
      await call(rpc, method, {});
      await call(rpc, method, {}, { header: { authorization: "Bearer wrong" } });
    }
  });

  it("protects metrics where the configuration says so, and nothing else of the system", async () => {
    const { rpc } = rpcWith({ ...SHUT, protectMetrics: true });
    const { checkHealth, getMetrics, getMetricsText } = SystemService.method;
    for (const method of [getMetrics, getMetricsText]) {
      expect((await refusal(call(rpc, method, {}))).reason).toBe("unauthorized");
      await call(rpc, method, {}, { header: { authorization: `Bearer ${TOKEN}` } });
    }
    await call(rpc, checkHealth, {});
  });

  it("never writes a token to the log", async () => {
    const { rpc } = rpcWith(OPEN);
    await call(rpc, getJob, { jobId: "j1" }, { header: { authorization: `Bearer ${TOKEN}` } });
    expect(JSON.stringify(rpc.log.lines)).not.toContain(TOKEN);
    expect(JSON.stringify(rpc.log.lines)).not.toContain(OWNER);
  });

  it("refuses two Authorization headers on the wire, although Node would show only the first", async () => {
    const server = await startTestServer({ auth: OPEN });
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${server.url}/gepa.v1.OptimizationService/GetJob`, {
        method: "POST",
        headers: [
          ["host", "a"],
          ["authorization", `Bearer ${TOKEN}`],
          ["content-type", "application/json"],
          ["authorization", `Bearer ${TOKEN}`],
        ].flat(),
      });
      sent.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
      sent.end('{"jobId":"j1"}');
    });
    expect(status).toBe(401);
    await server.close();
  });
});
