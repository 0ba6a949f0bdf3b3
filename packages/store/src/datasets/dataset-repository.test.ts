import {
  authenticate,
  createApiKey,
  ensureProject,
  findDataset,
  findDatasetBlobs,
  listDatasets,
  loadDataset,
  type NewDataset,
  storeDataset,
  type Tenant,
} from '@settle/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../../../testing/test-store.ts';
import { tinyDataset } from '../../../../testing/tiny-dataset.ts';
import { uuidOf } from '../uuid-of.ts';

describe('datasets of one project', () => {
  let store: TestStore;
  let other: Tenant;
  beforeAll(async () => {
    store = await startTestStore();
    const { key } = await createApiKey(store.database, await ensureProject(store.database, 'lab', 'other'), 'test');
    const caller = await authenticate(store.database, key);
    if (caller === undefined) throw new Error('a fresh key does not work');
    other = caller;
  });
  afterAll(() => store.close());

  /** The tiny dataset under another name; `change` alters one byte of its test images. */
  const named = (name: string, change = 0): NewDataset => {
    const dataset = tinyDataset();
    const testImages = Uint8Array.from(dataset.testImages);
    testImages[testImages.length - 1] = (testImages[testImages.length - 1] ?? 0) ^ change;
    return { ...dataset, name, testImages };
  };
  const storeFor = (dataset: NewDataset, tenant = store.tenant) =>
    storeDataset(store.database, tenant.projectId, dataset);
  const count = async (table: 'blob' | 'dataset') => {
    const { rows } = await store.database.pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
    return Number(rows[0]?.count);
  };
  const references = async () => {
    const { rows } = await store.database.pool.query<{ sum: string }>('SELECT sum(reference_count) FROM blob');
    return Number(rows[0]?.sum);
  };
  const blobsOf = (name: string, tenant: Tenant) =>
    findDatasetBlobs(store.database, uuidOf('project', tenant.projectId), name);

  it('are found and loaded by their own project, and by no other', async () => {
    const dataset = named('own', 0x41);
    const before = await references();
    expect(await storeFor(dataset)).toEqual({ kind: 'stored' });
    // A blob without references may be swept.
    expect(await references()).toBe(before + 4);
    const { name, features, classes, trainSamples, testSamples } = dataset;
    expect(await findDataset(store.database, store.tenant, 'own')).toMatchObject({
      ...{ name, features, classes, trainSamples, testSamples },
    });
    const [first] = await listDatasets(store.database, store.tenant);
    expect(first).toMatchObject({ name: 'own', built_in: false, features, classes });
    const blobs = await blobsOf('own', store.tenant);
    if (blobs === undefined) throw new Error('the blobs are missing');
    const loaded = await loadDataset(store.database, blobs);
    for (const file of ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const) {
      expect(Buffer.compare(loaded[file], dataset[file])).toBe(0);
    }

    expect(await findDataset(store.database, other, 'own')).toBeUndefined();
    expect(await blobsOf('own', other)).toBeUndefined();
    expect((await listDatasets(store.database, other)).map((seen) => seen.name)).not.toContain('own');
  });

  it('keep their name: the same data are there already, others are refused, and neither leaves anything behind', async () => {
    expect(await storeFor(named('kept'))).toEqual({ kind: 'stored' });
    const before = [await count('blob'), await count('dataset'), await references()];
    expect(await storeFor(named('kept'))).toEqual({ kind: 'already-there' });
    expect(await storeFor(named('kept', 0x42))).toEqual({ kind: 'name-taken' });
    expect(await storeFor({ ...named('kept'), classes: 3 })).toEqual({ kind: 'name-taken' });
    expect([await count('blob'), await count('dataset'), await references()]).toEqual(before);
    expect(await blobsOf('kept', store.tenant)).toMatchObject({ classes: 2 });
  });

  it('may share a name with those of another project, and go before a built-in one', async () => {
    expect(await storeFor(named('shared', 1))).toEqual({ kind: 'stored' });
    expect(await storeFor(named('shared', 2), other)).toEqual({ kind: 'stored' });
    expect(await storeFor(named('tiny', 3))).toEqual({ kind: 'stored' });
    const [own, foreign] = [await blobsOf('shared', store.tenant), await blobsOf('shared', other)];
    expect(own?.testImages).not.toEqual(foreign?.testImages);
    expect(own?.trainImages).toEqual(foreign?.trainImages);
    expect((await blobsOf('tiny', store.tenant))?.testImages).not.toEqual((await blobsOf('tiny', other))?.testImages);
  });

  it('of several writers at once are stored once', async () => {
    const writers = await Promise.all([0, 1, 2, 3].map(() => storeFor(named('raced', 0x43))));
    expect(writers.map(({ kind }) => kind).sort()).toEqual([
      ...['already-there', 'already-there', 'already-there'],
      'stored',
    ]);
    const different = await Promise.all([1, 2, 3, 4].map((change) => storeFor(named('raced-bytes', change))));
    expect(different.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
    expect(different.filter(({ kind }) => kind === 'name-taken')).toHaveLength(3);
  });
});
