import { createHash, timingSafeEqual } from "node:crypto";
import type { Interceptor } from "@connectrpc/connect";
import type { DescMethod } from "@bufbuild/protobuf";
import { AppError } from "../../base/errors.ts";
import { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { isOpen } from "../access.ts";
import { answerHeader, callerKey, clientAddressKey } from "../context.ts";

/** Who may call. */
export interface AuthOptions {
  /** Bearer tokens that are let in; kept only as digests. */
  readonly tokens: readonly string[];
  /** A request without a token is let in as the anonymous owner. */
  readonly anonymous: boolean;
  /** Metrics ask for a token like everything else. */
  readonly protectMetrics: boolean;
}

/** Owner of everything that is created without a token. */
export const ANONYMOUS_OWNER = "anonymous";

/**
 * Lets callers in by `Authorization: Bearer <token>` (RFC 6750) and says who they are. The owner is the token's
 * digest, so that neither store nor log ever sees a token. A wrong token is refused even where none is needed, unless
 * no token is configured at all.
 */
export function auth(options: AuthOptions): Interceptor {
  const digests = options.tokens.map(digestOf);
  return (next) => (req) => {
    if (isOpen(req.method) && !(options.protectMetrics && isMetrics(req.method))) return next(req);
    const token = bearerToken(req.header.get("authorization"));
    const owner = token === undefined ? undefined : ownerOf(token, digests);
    if (owner !== undefined) {
      req.contextValues.set(callerKey, { owner, bucket: owner });
      return next(req);
    }
    if (options.anonymous && (token === undefined || digests.length === 0)) {
      const bucket = `${ANONYMOUS_OWNER}:${req.contextValues.get(clientAddressKey)}`;
      req.contextValues.set(callerKey, { owner: ANONYMOUS_OWNER, bucket });
      return next(req);
    }
    answerHeader(req.contextValues).set("www-authenticate", "Bearer");
    throw new AppError("unauthorized", remedy(token, digests.length));
  };
}

/** The token; undefined for none or a blank one, and the whole value for anything that is no bearer token. */
function bearerToken(authorization: string | null): string | undefined {
  const value = authorization?.trim() ?? "";
  const token = /^bearer(?:\s+(.*))?$/is.exec(value);
  return (token ? token[1] : value)?.trim() || undefined;
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

function remedy(token: string | undefined, configured: number): string {
  if (configured === 0) {
    return "No token is configured on this server. Set API_BEARER_TOKENS, or start it with --dev on loopback.";
  }
  return token === undefined
    ? "A token is needed. Send the header Authorization with Bearer and the token."
    : "The token is not known to this server.";
}
