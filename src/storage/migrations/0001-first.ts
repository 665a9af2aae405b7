import type { Migration } from "./migration.ts";

/**
 * A job's row holds only what is small and changes often; its texts stand in `job_documents`, each rewritten only when
 * it changes itself, so that an append never rewrites a spec of megabytes.
 */
export const first: Migration = {
  version: 1,
  sql: `
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  root_id TEXT NOT NULL,
  parent_id TEXT,
  status TEXT NOT NULL,
  requested TEXT,
  worker TEXT,
  fence BIGINT NOT NULL,
  last_event_id BIGINT NOT NULL,
  engine_ordinal BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  updated_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX jobs_by_owner ON jobs (owner, created_at, id);
CREATE INDEX jobs_by_owner_status ON jobs (owner, status, created_at, id);
CREATE INDEX jobs_by_status ON jobs (status, created_at, id);
CREATE INDEX jobs_by_root ON jobs (root_id);

CREATE TABLE job_documents (
  job_id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (job_id, name)
);

CREATE TABLE events (
  job_id TEXT NOT NULL,
  id BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (job_id, id)
);

CREATE TABLE calls (
  root_id TEXT NOT NULL,
  key TEXT NOT NULL,
  job_id TEXT NOT NULL,
  role TEXT NOT NULL,
  ts BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (root_id, key)
);

CREATE TABLE idempotency (
  owner TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  job_id TEXT NOT NULL,
  job TEXT NOT NULL,
  PRIMARY KEY (owner, route, key)
);
CREATE INDEX idempotency_by_job ON idempotency (job_id);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
`,
};
