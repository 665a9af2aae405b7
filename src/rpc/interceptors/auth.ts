import { createHash, timingSafeEqual } from "node:crypto";
import type { Interceptor } from "@connectrpc/connect";
import type { DescMethod } from "@bufbuild/protobuf";
import { AppError } from "../../base/errors.ts";
import { namesLoopback } from "../../base/loopback.ts";
import { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { isOpen } from "../access.ts";
import { answerHeader, callerKey, clientAddressKey } from "../context.ts";
import type { Caller } from "../../jobs/use-cases.ts";

/** Who may call. */
export interface AuthOptions {
  /** Bearer tokens that are let in; kept only as digests. */
  readonly tokens: readonly string[];
  /** A request without a token is let in as the anonymous owner. */
  readonly anonymous: boolean;
  /** Only where it calls this machine by an address or name of its own. */
  readonly loopbackOnly?: boolean;
  /** Metrics ask for a token like everything else. */
  readonly protectMetrics: boolean;
}

/** Owner of everything that is created without a token. */
export const ANONYMOUS_OWNER = "anonymous";

/**
 * Says who makes a request; undefined where anyone may and nobody asks. Throws `unauthorized` for all others. The
 * headers are enough for it, so that nothing of a stranger's body needs to be read.
 */
export type Admit = (method: DescMethod, header: Headers, clientAddress: string) => Caller | undefined;

/**
 * Admits callers by `Authorization: Bearer <token>` (RFC 6750). The owner is the token's digest, so that neither store
 * nor log ever sees a token. A wrong token is refused even where none is needed, unless no token is configured at all.
 */
export function createAdmit(options: AuthOptions): Admit {
  const digests = options.tokens.map(digestOf);
  return (method, header, clientAddress) => {
    if (isOpen(method) && !(options.protectMetrics && isMetrics(method))) return undefined;
    const sent = credential(header.get("authorization"));
    const owner = sent.kind === "token" ? ownerOf(sent.token, digests) : undefined;
    if (owner !== undefined) return { owner, bucket: owner };
    if (options.anonymous && (sent.kind === "none" || digests.length === 0)) {
      if (options.loopbackOnly) refuseForeignName(header.get("host"));
      return { owner: ANONYMOUS_OWNER, bucket: `${ANONYMOUS_OWNER}:${clientAddress}` };
    }
    throw new AppError("unauthorized", remedy(sent, digests.length));
  };
}

/** Lets admitted callers in and keeps who they are with the request. */
export function auth(admit: Admit): Interceptor {
  return (next) => async (req) => {
    try {
      const caller = admit(req.method, req.header, req.contextValues.get(clientAddressKey));
      if (caller !== undefined) req.contextValues.set(callerKey, caller);
    } catch (error) {
      answerHeader(req.contextValues).set("www-authenticate", "Bearer");
      throw error;
    }
    return next(req);
  };
}

/**
 * A web page whose name was pointed at this machine (DNS rebinding) is of one origin with this server to the browser,
 * but its requests still carry that name. Browsers speak HTTP/1.1 in cleartext, so they always send the header.
 */
function refuseForeignName(host: string | null): void {
  if (host === null || namesLoopback(host)) return;
  throw new AppError(
    "forbidden",
    "Under --dev this server answers to 127.0.0.1, [::1] and localhost alone. Call it so, or configure API_BEARER_TOKENS and leave out --dev.",
  );
}

/** What stands in an Authorization header: nothing (a blank token is none), a bearer token, or something else. */
type Credential = { readonly kind: "none" | "other" } | { readonly kind: "token"; readonly token: string };

function credential(authorization: string | null): Credential {
  const value = authorization?.trim() ?? "";
  if (value === "") return { kind: "none" };
  const bearer = /^bearer(?:\s+(.*))?$/is.exec(value);
  if (bearer === null) return { kind: "other" };
  const token = bearer[1]?.trim() ?? "";
  return token === "" ? { kind: "none" } : { kind: "token", token };
}

/** The owner a token stands for. Every configured digest is compared, in constant time. */
function ownerOf(token: string, digests: readonly Buffer[]): string | undefined {
  const digest = digestOf(token);
  let known = false;
  for (const candidate of digests) known = timingSafeEqual(candidate, digest) || known;
  return known ? digest.toString("hex") : undefined;
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function isMetrics(method: DescMethod): boolean {
  return method === SystemService.method.getMetrics || method === SystemService.method.getMetricsText;
}

function remedy(sent: Credential, configured: number): string {
  if (configured === 0) {
    return "No token is configured on this server. Set API_BEARER_TOKENS, or start it with --dev on loopback.";
  }
  return sent.kind === "token"
    ? "The token is not known to this server."
    : "A token is needed. Send the header Authorization with Bearer and the token.";
}
