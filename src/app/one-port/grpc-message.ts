import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

const HEADER = "grpc-message";

/**
 * The response with `grpc-message` encoded as gRPC has it ("Percent-Encoded" in PROTOCOL-HTTP2.md). Connect encodes
 * more than that, and @grpc/grpc-js, which decodes less, shows its callers `%2F` and `%3A`.
 */
export function plainGrpcMessage(response: UniversalServerResponse): UniversalServerResponse {
  const { trailer } = response;
  if (trailer === undefined) return response;
  return {
    ...response,
    get trailer() {
      // Asked for when the body is over, which is when Connect has filled it.
      const message = trailer.get(HEADER);
      if (message !== null) trailer.set(HEADER, percentEncode(decodeURIComponent(message)));
      return trailer;
    },
  };
}

/** Percent-encodes every byte that is not printable ASCII, and the percent sign. */
function percentEncode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}
