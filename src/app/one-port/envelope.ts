/** Flags and length before each message of gRPC, gRPC-Web and Connect streams. */
export const ENVELOPE_BYTES = 5;

/** Whether the messages of this content type stand in envelopes. */
export function isEnveloped(contentType: string): boolean {
  return /^application\/(grpc|connect\+)/.test(contentType);
}
