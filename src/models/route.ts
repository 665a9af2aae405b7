/** Who can serve a model, and under which name. */
export interface Route {
  readonly provider: "openai" | "openrouter";
  /** The model as that provider calls it. */
  readonly model: string;
}

/** Which providers are configured. */
export interface Configured {
  readonly openai: boolean;
  readonly openrouter: boolean;
}

/**
 * The provider of a model id; undefined where none is configured that could serve it.
 *
 * | id | provider |
 * |---|---|
 * | `openai/x`, `openai:x`, `x` | OpenAI, or the endpoint configured in its place, as `x` |
 * | `vendor/x` | OpenRouter, as it is; also `openai/x` where only OpenRouter is configured |
 */
export function routeOf(modelId: string, configured: Configured): Route | undefined {
  const [, ours] = /^openai[/:](.+)$/.exec(modelId) ?? [];
  const bare = ours ?? (modelId.includes("/") ? undefined : modelId);
  if (configured.openai && bare !== undefined) return { provider: "openai", model: bare };
  const isVendored = /^[^/:]+\/.+$/.test(modelId);
  return configured.openrouter && isVendored ? { provider: "openrouter", model: modelId } : undefined;
}

/** What to set so that a model can be served, as a sentence. */
export function remedyFor(modelId: string): string {
  const isOurs = /^openai[/:]/.test(modelId) || !modelId.includes("/");
  return isOurs
    ? "Set OPENAI_API_KEY, or OPENAI_BASE_URL for an OpenAI-compatible endpoint."
    : `Set OPENROUTER_API_KEY, or send "openai/${modelId}" where OPENAI_BASE_URL is the endpoint that serves it.`;
}
