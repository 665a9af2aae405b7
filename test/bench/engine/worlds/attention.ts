/** How attention to a line falls with the length of the prompt and towards its middle. */
export interface AttentionDecay {
  /** Lines after which attention has fallen to 1/e of its falling part, and the part that never falls. */
  readonly attentionLines: number;
  readonly attentionFloor: number;
  /** Share of attention a line in the middle of the prompt loses. */
  readonly lostInTheMiddle: number;
}

/** Share of attention that is left for a line after `before` others in a prompt of `length` lines. */
export function attentionTo(before: number, length: number, decay: AttentionDecay): number {
  const place = length > 1 ? before / (length - 1) : 0;
  const falling = Math.exp(-(length - 1) / decay.attentionLines);
  const share = decay.attentionFloor + (1 - decay.attentionFloor) * falling;
  return share * (1 - decay.lostInTheMiddle * 4 * place * (1 - place));
}
