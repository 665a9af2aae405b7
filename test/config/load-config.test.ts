import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { KEYS, secretsOf } from "../../src/config/keys.ts";
import { loadConfig, type ConfigSources } from "../../src/config/load-config.ts";

const noFile = () => {
  throw new Error("no such file");
};

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ flags: {}, env: {}, envFile: "", readFile: noFile, ...sources });
}

function faultsOf(sources: Partial<ConfigSources>): Record<string, string> {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.faults.map((f) => [f.key, f.message]));
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("where a value comes from", () => {
  it("takes defaults where nothing is configured", () => {
    const config = load();
    expect(config).toMatchObject({ host: "127.0.0.1", port: 8000, dev: false, requireAuth: true });
    expect(config.apiBearerTokens).toEqual([]);
    expect(config.openaiApiKey).toBeUndefined();
  });

  it("lets a flag win over the environment, and the environment over .env", () => {
    const envFile = "PORT=1\nMAX_ITERATIONS=11\nRATE_LIMIT_BURST=21\n";
    const env = { PORT: "2", MAX_ITERATIONS: "12" };
    const config = load({ flags: { port: "3" }, env, envFile });
    expect([config.port, config.maxIterations, config.rateLimitBurst]).toEqual([3, 12, 21]);
  });

  it("counts a blank value as absent", () => {
    const config = load({ env: { PORT: " ", OPENAI_API_KEY: "" }, envFile: "PORT=9\n" });
    expect([config.port, config.openaiApiKey]).toEqual([9, undefined]);
  });

  it("reads a secret from the file that its _FILE variable names", () => {
    const files: Record<string, string> = { "/run/secrets/key": "sk-from-file\n" };
    const config = load({
      env: { OPENAI_API_KEY_FILE: "/run/secrets/key" },
      readFile: (p) => files[p] ?? noFile(),
    });
    expect(config.openaiApiKey?.reveal()).toBe("sk-from-file");
  });

  it("reads prices, cached input costing what input costs unless told otherwise", () => {
    const prices = { a: { input: 1, output: 4 }, b: { input: 2, cached_input: 0.5, output: 8 } };
    expect(load({ env: { MODEL_PRICES: JSON.stringify(prices) } }).modelPrices).toEqual({
      a: { inputPerMTok: 1, cachedInputPerMTok: 1, outputPerMTok: 4 },
      b: { inputPerMTok: 2, cachedInputPerMTok: 0.5, outputPerMTok: 8 },
    });
  });

  it("gives a frozen value", () => {
    const config = load({ env: { API_BEARER_TOKENS: "a,b" } });
    expect(Object.isFrozen(config) && Object.isFrozen(config.apiBearerTokens)).toBe(true);
  });
});

describe("tokens", () => {
  const written = ['["token1","token2"]', "token1,token2", " token1 , token2 ,"];
  for (const raw of written) {
    it(`are read from ${raw}`, () => {
      expect(load({ env: { API_BEARER_TOKENS: raw } }).apiBearerTokens.map((t) => t.reveal())).toEqual([
        "token1",
        "token2",
      ]);
    });
  }

  it("are read from .env as the README writes them", () => {
    expect(load({ envFile: 'API_BEARER_TOKENS=["token1","token2"]\n' }).apiBearerTokens).toHaveLength(2);
  });

  it("are never shown by whatever prints the configuration", () => {
    const env = {
      API_BEARER_TOKENS: "canary-token",
      OPENAI_API_KEY: "canary-key",
      OPENROUTER_API_KEY: "canary-or",
      DATABASE_URL: "postgres://gepa:canary-pw@db.example/gepa",
    };
    const config = load({ env });
    const printed = `${JSON.stringify(config)} ${inspect(config, { depth: 9, showHidden: true })} ${config.apiBearerTokens}`;
    expect(printed).not.toContain("canary");
    expect(secretsOf(config).map((s) => s.reveal())).toEqual([
      "canary-token",
      "canary-key",
      "canary-or",
      "postgres://gepa:canary-pw@db.example/gepa",
    ]);
  });
});

describe("faults", () => {
  const wrong: [env: string, raw: string, words: string][] = [
    ["PORT", "65536", "integer from 0 to 65535"],
    ["PORT", "-1", "integer"],
    ["PORT", "8e3", "integer"],
    ["MAX_ITERATIONS", "0", "integer from 1"],
    ["REQUIRE_AUTH", "constructor", "neither true nor false"],
    ["LOG_LEVEL", "loud", "one of debug, info, warn, error"],
    ["OPENAI_BASE_URL", "ftp://models.example", "http or https"],
    ["OPENAI_BASE_URL", "https://user:pw@models.example", "own variable"],
    ["CORS_ALLOWED_ORIGINS", "https://app.example/path", "scheme, host and port alone"],
    ["CORS_ALLOWED_ORIGINS", "*", "scheme, host and port alone"],
    ["API_BEARER_TOKENS", '["token1"', "JSON list"],
    ["API_BEARER_TOKENS", "[1]", "JSON list"],
    ["API_BEARER_TOKENS", "good,geh\u00e9im", "which no caller could send"],
    ["API_BEARER_TOKENS", '["two words"]', "which no caller could send"],
    ["SSE_PING_INTERVAL_S", "0", "seconds from 0.1"],
    ["MODEL_TIMEOUT_S", "ten", "seconds"],
    ["DATABASE_URL", "db.example/gepa", "postgres://user:password@host"],
    ["DATABASE_URL", "https://db.example/gepa", "postgres://user:password@host"],
    ["SERVE_ROLE", "leader", "one of all, api, worker"],
    ["MODEL_PRICES", "[]", "no JSON object"],
    ["MODEL_PRICES", "{x", "no JSON object"],
    ["MODEL_PRICES", '{"m":{"input":1}}', 'price of "m"'],
    ["MODEL_PRICES", '{"m":{"input":-1,"output":1}}', 'price of "m"'],
    ["MODEL_PRICES", '{"m":{"input":1,"output":1,"cached":1}}', 'price of "m"'],
  ];
  for (const [env, raw, words] of wrong) {
    it(`name ${env} for ${raw}`, () => {
      expect(faultsOf({ env: { [env]: raw } })[env]).toContain(words);
    });
  }

  it("are all reported at once", () => {
    const faults = faultsOf({ env: { PORT: "x", REQUIRE_AUTH: "maybe" }, envFile: "MAX_ITERATIONS=-4\n" });
    expect(Object.keys(faults).sort()).toEqual(["MAX_ITERATIONS", "PORT", "REQUIRE_AUTH"]);
  });

  it("never repeat a secret", () => {
    const faults = faultsOf({
      env: { API_BEARER_TOKENS: '["canary", 5', DATABASE_URL: "mysql://u:canary@db" },
    });
    expect(JSON.stringify(faults)).not.toContain("canary");
  });

  it("name a _FILE variable that can not be read or stands beside its key", () => {
    expect(faultsOf({ env: { OPENAI_API_KEY_FILE: "/nowhere" } }).OPENAI_API_KEY_FILE).toContain("/nowhere");
    const both = { OPENAI_API_KEY: "k", OPENAI_API_KEY_FILE: "/f" };
    expect(faultsOf({ env: both }).OPENAI_API_KEY_FILE).toContain("one of the two");
  });
});

describe("who may reach the service", () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.4", "example.com", "127.0.0.1.example.com"]) {
    it(`does not start on ${host} without a token`, () => {
      expect(faultsOf({ env: { HOST: host } }).API_BEARER_TOKENS).toContain(host);
    });

    it(`does not start on ${host} with --dev, tokens or not`, () => {
      expect(faultsOf({ flags: { dev: true }, env: { HOST: host } })["--dev"]).toContain("loopback");
      const withToken = { HOST: host, API_BEARER_TOKENS: "t" };
      expect(faultsOf({ flags: { dev: true }, env: withToken })["--dev"]).toContain("loopback");
    });

    it(`starts on ${host} with a token`, () => {
      expect(load({ env: { HOST: host, API_BEARER_TOKENS: "t" } }).host).toBe(host);
    });
  }

  it("does not take REQUIRE_AUTH=false for a reason to be open to everyone", () => {
    expect(faultsOf({ env: { HOST: "0.0.0.0", REQUIRE_AUTH: "false" } })).toHaveProperty("API_BEARER_TOKENS");
  });

  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) {
    it(`starts on ${host} without a token, with --dev or not`, () => {
      expect(load({ env: { HOST: host } }).dev).toBe(false);
      expect(load({ env: { HOST: host }, flags: { dev: true } }).dev).toBe(true);
    });
  }
});

describe("TLS", () => {
  it("needs certificate and key together", () => {
    expect(faultsOf({ env: { TLS_CERT_FILE: "c.pem" } })).toHaveProperty("TLS_KEY_FILE");
    expect(faultsOf({ env: { TLS_KEY_FILE: "k.pem" } })).toHaveProperty("TLS_CERT_FILE");
    expect(load({ env: { TLS_CERT_FILE: "c.pem", TLS_KEY_FILE: "k.pem" } }).tlsKeyFile).toBe("k.pem");
  });
});

describe("models", () => {
  const models = (sources: Partial<ConfigSources>) => {
    const { targetModelDefault, judgeModelId, reflectionModelId } = load(sources);
    return [targetModelDefault, judgeModelId, reflectionModelId];
  };

  it("are real by default, the reflection model being the judge", () => {
    expect(models({})).toEqual(["openai/gpt-5-mini", "openai/gpt-5", "openai/gpt-5"]);
    expect(models({ env: { JUDGE_MODEL_ID: "x/judge" } })[2]).toBe("x/judge");
  });

  it("are simulated under --dev where no provider is configured", () => {
    expect(models({ flags: { dev: true } })).toEqual(["demo/target", "demo/judge", "demo/reflection"]);
  });

  for (const env of [
    { OPENAI_API_KEY: "k" },
    { OPENAI_BASE_URL: "http://127.0.0.1:11434/v1" },
    { OPENROUTER_API_KEY: "k" },
  ]) {
    it(`are real under --dev with ${Object.keys(env)}`, () => {
      expect(models({ flags: { dev: true }, env })[1]).toBe("openai/gpt-5");
    });
  }

  it("are those that were named, under --dev too", () => {
    const env = { TARGET_MODEL_DEFAULT: "a/t", JUDGE_MODEL_ID: "a/j", REFLECTION_MODEL_ID: "a/r" };
    expect(models({ flags: { dev: true }, env })).toEqual(["a/t", "a/j", "a/r"]);
  });
});

describe("the table of keys", () => {
  it("has defaults that its own types accept", () => {
    for (const key of Object.values(KEYS)) {
      const fallback = "fallback" in key ? key.fallback : undefined;
      expect(fallback === undefined || key.type.parse(fallback).ok, key.env).toBe(true);
    }
  });

  it("names each variable once", () => {
    const names = Object.values(KEYS).map((k) => k.env);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("parts of the service", () => {
  const DATABASE_URL = "postgres://db.example/gepa";

  for (const role of ["api", "worker"] as const) {
    it(`does not start as ${role} without a database that can be shared`, () => {
      expect(faultsOf({ env: { SERVE_ROLE: role } }).SERVE_ROLE).toContain("Set DATABASE_URL");
      expect(load({ flags: { role }, env: { DATABASE_URL } }).role).toBe(role);
    });
  }

  it("does not take an address to listen at for a database", () => {
    expect(faultsOf({ env: { DATABASE_LISTEN_URL: DATABASE_URL } }).DATABASE_URL).toContain("is missing");
  });
});
