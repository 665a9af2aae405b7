import { request } from "node:http";
import { connect } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { GetJobRequestSchema } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { aJob } from "../../support/jobs.ts";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

const METHOD = "gepa.v1.OptimizationService/GetJob";

let server: TestServer;
afterEach(() => server.close());

const start = async () => {
  server = await startTestServer({ useCases: { getJob: async (_caller, id) => aJob(id) } });
};

/** A Connect call with this body: undefined where it is answered, else its error. */
function overConnect(contentType: string, body: Uint8Array, headers = {}): Promise<ConnectError | undefined> {
  return new Promise((resolve, reject) => {
    const options = { method: "POST", headers: { "content-type": contentType, ...headers } };
    const sent = request(`${server.url}/${METHOD}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const fallback = new ConnectError("no error in the body", Code.DataLoss);
        const bytes = Buffer.concat(chunks);
        resolve(response.statusCode === 200 ? undefined : errorFromJsonBytes(bytes, undefined, fallback));
      });
    });
    sent.on("error", reject).end(body);
  });
}

/** A gRPC call with this message: undefined where it is answered, else its error. */
function overGrpc(contentType: string, message: Uint8Array, flags = 0): Promise<ConnectError | undefined> {
  return new Promise((resolve, reject) => {
    const session = connect(server.url);
    const stream = session.request({
      ":method": "POST",
      ":path": `/${METHOD}`,
      "content-type": contentType,
      te: "trailers",
    });
    const head = Buffer.alloc(5);
    head[0] = flags;
    head.writeUInt32BE(message.length, 1);
    const done = (trailer: object) => {
      session.close();
      const fields = Object.entries(trailer).filter(([name]) => name.startsWith("grpc-"));
      resolve(findTrailerError(new Headers(fields)));
    };
    stream.on("response", (headers) => {
      if (headers["grpc-status"] !== undefined) done(headers);
    });
    stream.on("trailers", done).on("error", reject).resume();
    stream.end(Buffer.concat([head, message]));
  });
}

const json = (text: string) => Buffer.from(text);
const broken = Buffer.from([0xff, 0xff]);
const whole = toBinary(GetJobRequestSchema, create(GetJobRequestSchema, { jobId: "j1" }));

describe("a message that is none", () => {
  const cases: readonly (readonly [
    what: string,
    call: () => Promise<unknown>,
    says: RegExp,
    protocol: string,
  ])[] = [
    ["broken JSON", () => overConnect("application/json", json("{")), /GetJobRequest: .*JSON/, "connect"],
    [
      "JSON of another kind",
      () => overConnect("application/json", json('{"jobId":5}')),
      /job_id .*string/,
      "connect",
    ],
    [
      "an unknown name",
      () => overConnect("application/json", json('{"jobid":"j"}')),
      /"jobid" is unknown/,
      "connect",
    ],
    ["a broken protobuf", () => overConnect("application/proto", broken), /GetJobRequest/, "connect"],
    ["a broken protobuf in gRPC", () => overGrpc("application/grpc", broken), /GetJobRequest/, "grpc"],
    ["broken JSON in gRPC", () => overGrpc("application/grpc+json", json("{")), /GetJobRequest/, "grpc"],
  ];
  for (const [what, call, says, protocol] of cases) {
    it(`is refused with its reason, and counted: ${what}`, async () => {
      await start();
      const error = (await call()) as ConnectError;
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.rawMessage).toMatch(says);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "VALIDATION_ERROR" }]);
      expect(error.findDetails(BadRequestSchema)).toMatchObject([
        { fieldViolations: [{ description: error.rawMessage }] },
      ]);
      const counter = `requests_total{code=invalid_argument,method=${METHOD},protocol=${protocol}}`;
      await expect.poll(() => server.metrics.values.get(counter)).toBe(1); // when the answer is out
    });
  }

  it("is left to the protocol where it is compressed or cut short", async () => {
    await start();
    expect(
      (await overConnect("application/proto", broken, { "content-encoding": "gzip" }))?.code,
    ).toBeDefined();
    expect((await overGrpc("application/grpc", broken, 1))?.code).toBeDefined();
  });
});

/** A Connect GET with this query: status and error, if there is one. */
async function overGet(query: string, method = METHOD) {
  const response = await fetch(`${server.url}/${method}?connect=v1&${query}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const fallback = new ConnectError("no error in the body", Code.DataLoss);
  return {
    status: response.status,
    ...(response.status === 400 && { error: errorFromJsonBytes(bytes, undefined, fallback) }),
  };
}

describe("a message in the query", () => {
  const wholeText = Buffer.from(whole).toString("base64url");
  const refused = [
    ["broken base64", "encoding=proto&base64=1&message=%21%21%21", /no base64/],
    ["broken base64 that is compressed", "encoding=proto&base64=1&compression=gzip&message=%21", /no base64/],
    ["a broken protobuf", "encoding=proto&base64=1&message=__8", /GetJobRequest/],
    ["broken JSON", "encoding=json&message=%7B", /GetJobRequest: .*JSON/],
  ] as const;
  for (const [what, query, says] of refused) {
    it(`is refused with its reason, and counted: ${what}`, async () => {
      await start();
      const { status, error } = await overGet(query);
      expect([status, error?.code]).toEqual([400, Code.InvalidArgument]);
      expect(error?.rawMessage).toMatch(says);
      expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "VALIDATION_ERROR" }]);
      const counter = `requests_total{code=invalid_argument,method=${METHOD},protocol=connect}`;
      await expect.poll(() => server.metrics.values.get(counter)).toBe(1); // when the answer is out
    });
  }

  it("gets through where it is one", async () => {
    await start();
    expect(await overGet(`encoding=proto&base64=1&message=${wholeText}`)).toEqual({ status: 200 });
    expect(await overGet("encoding=json&message=%7B%22jobId%22%3A%22j1%22%7D")).toEqual({ status: 200 });
  });

  it("is left to the protocol where the call may not be made that way", async () => {
    await start();
    expect((await overGet("encoding=xml&message=x")).status).toBe(415);
    expect((await overGet("encoding=json&message=%7B", METHOD.replace("GetJob", "StopJob"))).status).toBe(
      405,
    );
  });
});

describe("a message that is one", () => {
  it("gets through in each encoding", async () => {
    await start();
    expect(await overConnect("application/json; charset=utf-8", json('{"jobId":"j1"}'))).toBeUndefined();
    expect(await overConnect("application/proto", whole)).toBeUndefined();
    expect(await overGrpc("application/grpc", whole)).toBeUndefined();
    expect(await overGrpc("application/grpc+proto", whole)).toBeUndefined();
    expect(await overGrpc("application/grpc+json", json('{"jobId":"j1"}'))).toBeUndefined();
  });
});
