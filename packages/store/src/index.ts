/** The store: everything that is kept, and the only way to it. */
export { type BlobInfo, loadBlob, putBlob, readBlob, referenceBlob } from './blobs/blob-store.ts';
export { type CheckpointContent, listCheckpoints, openCheckpoint } from './checkpoints/checkpoint-repository.ts';
export { type Database, type DatabaseOptions, openDatabase } from './database.ts';
export {
  type DatasetBlobs,
  type DatasetFiles,
  ensureBuiltInDataset,
  findDataset,
  findDatasetBlobs,
  listDatasets,
  loadDataset,
  type NewDataset,
  type StoredDataset,
  storeDataset,
} from './datasets/dataset-repository.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded-postgres/embedded-postgres.ts';
export { type GivenLease, giveLeases, reapExpiredLeases } from './jobs/dispatch.ts';
export { readJobFeed, readRevisions } from './jobs/job-feed.ts';
export {
  type CancelRequest,
  getJob,
  type JobListQuery,
  listJobs,
  requestCancel,
  submitJob,
} from './jobs/job-repository.ts';
export {
  type ClaimedCheckpoint,
  type ClaimedJob,
  claimJob,
  type Ending,
  endAttempt,
  type Fence,
  type HeldLease,
  markRunning,
  type NewCheckpoint,
  type Report,
  readHeldLeases,
  renewLeases,
  returnUnclaimed,
  type StoredCheckpoint,
  saveCheckpoint,
  type Written,
  writeReport,
} from './jobs/lease-writes.ts';
export { CHUNK_POINTS, type MetricChunk, type MetricQuery, readMetrics } from './metrics/metric-store.ts';
export { migrate, pendingMigrations } from './migrations/migrate.ts';
export { isStorageOutage } from './storage-outage.ts';
export { authenticate, type Caller, createApiKey, type Tenant } from './tenants/api-keys.ts';
export { ensureProject } from './tenants/projects.ts';
export { removeWorker, reportWorker, type WorkerRegistration } from './workers/worker-registry.ts';
