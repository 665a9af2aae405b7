import type { HttpRequest } from "./http.ts";

/** Says who is at the other end of a request. */
export type ClientAddress = (request: HttpRequest) => string;

/** How Node writes an IPv4 address on a socket that takes both kinds. */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/;

/**
 * The address of the peer; behind a trusted proxy the last one of X-Forwarded-For, which is the one that this proxy
 * added. Earlier ones are whatever the client made up.
 */
export function createClientAddress(trustProxy: boolean): ClientAddress {
  return (request) => {
    const forwarded = request.headers["x-forwarded-for"];
    const last = trustProxy && forwarded !== undefined ? String(forwarded).split(",").at(-1)?.trim() : "";
    return (last || request.socket.remoteAddress || "unknown").replace(MAPPED, "");
  };
}
