-- The first tables: tenants, datasets, jobs with their events, attempts and checkpoints, blobs, metrics, workers.

CREATE TABLE organisation (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX organisation_name_key ON organisation (name);

CREATE TABLE project (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX project_organisation_id_name_key ON project (organisation_id, name);

CREATE TABLE api_key (
  id uuid PRIMARY KEY,
  project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  name text NOT NULL,
  prefix text NOT NULL,
  secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamptz(3),
  revoked_at timestamptz(3)
);
CREATE UNIQUE INDEX api_key_secret_sha256_key ON api_key (secret_sha256);
CREATE INDEX api_key_project_id_idx ON api_key (project_id);

-- Content-addressed bytes in chunks of 1 MiB: one value stays far below Postgres' limits, a Range is a few rows, and
-- memory stays bounded. Weights do not compress, so EXTERNAL spares the attempt.
CREATE TABLE blob (
  sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  reference_count integer NOT NULL DEFAULT 0 CHECK (reference_count >= 0),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE blob_chunk (
  sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE CASCADE ON UPDATE RESTRICT,
  number integer NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (sha256, number)
);
ALTER TABLE blob_chunk ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE dataset (
  id uuid PRIMARY KEY,
  project_id uuid REFERENCES project (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  name text NOT NULL,
  features integer NOT NULL CHECK (features > 0),
  classes integer NOT NULL CHECK (classes > 0),
  train_samples integer NOT NULL CHECK (train_samples > 0),
  test_samples integer NOT NULL CHECK (test_samples > 0),
  train_images_sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE RESTRICT ON UPDATE RESTRICT,
  train_labels_sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE RESTRICT ON UPDATE RESTRICT,
  test_images_sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE RESTRICT ON UPDATE RESTRICT,
  test_labels_sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE RESTRICT ON UPDATE RESTRICT,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- A name means one dataset to a project, and one to all of them where there is no project.
CREATE UNIQUE INDEX dataset_project_id_name_key ON dataset (project_id, name) NULLS NOT DISTINCT;

CREATE TABLE worker (
  id uuid PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  slots integer NOT NULL CHECK (slots > 0),
  kernels text NOT NULL,
  draining boolean NOT NULL DEFAULT false,
  started_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  seen_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE job (
  id uuid PRIMARY KEY,
  project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  name text,
  recipe text NOT NULL,
  spec jsonb NOT NULL,
  state text NOT NULL CHECK (
    state IN ('queued', 'starting', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')
  ),
  state_reason text,
  lease integer NOT NULL DEFAULT 0,
  lease_expires_at timestamptz(3),
  worker_id uuid,
  max_attempts integer NOT NULL CHECK (max_attempts > 0),
  lost_attempts integer NOT NULL DEFAULT 0,
  cancel_requested_at timestamptz(3),
  progress jsonb,
  result jsonb,
  failure jsonb,
  revision integer NOT NULL DEFAULT 1,
  event_count integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  queued_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  started_at timestamptz(3),
  finished_at timestamptz(3),
  -- A job that a worker may hold has a lease that ends, so that it cannot say "running" for ever.
  CHECK ((state IN ('starting', 'running', 'cancelling')) = (lease_expires_at IS NOT NULL)),
  CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX job_project_id_id_idx ON job (project_id, id DESC);
CREATE INDEX job_state_queued_at_idx ON job (state, queued_at);
CREATE INDEX job_worker_id_idx ON job (worker_id);
CREATE INDEX job_lease_expires_at_idx ON job (lease_expires_at);

CREATE TABLE job_event (
  job_id uuid NOT NULL REFERENCES job (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  number integer NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (job_id, number)
);

CREATE TABLE attempt (
  job_id uuid NOT NULL REFERENCES job (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  lease integer NOT NULL,
  worker_id uuid NOT NULL,
  kernels text NOT NULL,
  resumed_from_step integer NOT NULL,
  -- The latest report that is stored, so that one whose answer was lost is not stored twice.
  report_number integer NOT NULL DEFAULT 0,
  compute_ms bigint NOT NULL DEFAULT 0,
  started_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at timestamptz(3),
  PRIMARY KEY (job_id, lease)
);

CREATE TABLE checkpoint (
  id uuid PRIMARY KEY,
  job_id uuid NOT NULL REFERENCES job (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  lease integer NOT NULL,
  epoch integer NOT NULL,
  step integer NOT NULL,
  metrics jsonb NOT NULL,
  sha256 bytea NOT NULL REFERENCES blob (sha256) ON DELETE RESTRICT ON UPDATE RESTRICT,
  size_bytes integer NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX checkpoint_job_id_step_idx ON checkpoint (job_id, step);

-- Up to 1,000 points of one series under one lease. `mean_10` and so on stand for 10 and 100 points each, so that a chart
-- of a long run reads a hundredth of the points.
CREATE TABLE metric_chunk (
  job_id uuid NOT NULL REFERENCES job (id) ON DELETE CASCADE ON UPDATE RESTRICT,
  key text NOT NULL,
  lease integer NOT NULL,
  number integer NOT NULL,
  point_count integer NOT NULL,
  nonfinite_count integer NOT NULL,
  last_step integer NOT NULL,
  steps integer[] NOT NULL,
  points float8[] NOT NULL,
  steps_10 integer[] NOT NULL,
  mean_10 float8[] NOT NULL,
  min_10 float8[] NOT NULL,
  max_10 float8[] NOT NULL,
  steps_100 integer[] NOT NULL,
  mean_100 float8[] NOT NULL,
  min_100 float8[] NOT NULL,
  max_100 float8[] NOT NULL,
  PRIMARY KEY (job_id, key, lease, number)
);
