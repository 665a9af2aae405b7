import { describe, expect, it } from "vitest";
import { isLocal } from "../../../src/models/openai/is-local.ts";

describe("an endpoint", () => {
  const near = [
    "http://localhost:11434/v1",
    "http://127.0.0.1/v1",
    "http://[::1]:8000",
    "http://ollama:11434/v1",
    "http://10.0.0.4",
    "http://172.20.1.1",
    "http://192.168.1.5",
    "http://[fd00::1]/v1",
    "http://gpu.local/v1",
    "http://host.docker.internal:8000/v1",
  ];
  for (const url of near) it(`is local at ${url}`, () => expect(isLocal(url)).toBe(true));

  const far = [
    "https://api.openai.com/v1",
    "http://8.8.8.8/v1",
    "http://172.32.0.1",
    "http://127.0.0.1.example.com/v1",
    "http://[2001:db8::1]/v1",
    "not a url",
  ];
  for (const url of far) it(`is not local at ${url}`, () => expect(isLocal(url)).toBe(false));
});
