import type { DatasetBlobs, DatasetFiles } from '@settle/store';
import { describe, expect, it } from 'vitest';
import { tinyDataset } from '../../../../testing/tiny-dataset.ts';
import { listDataset } from '../trainer/dataset-lists.ts';
import { datasetCache } from './dataset-cache.ts';

const blobs = (first: number, name = 'tiny'): DatasetBlobs => ({
  name,
  classes: 2,
  trainImages: Uint8Array.of(first),
  trainLabels: Uint8Array.of(2),
  testImages: Uint8Array.of(3),
  testLabels: Uint8Array.of(4),
});

function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(values.length));
  copy.set(values);
  return copy;
}

/** Files of which most bytes are zero, so that they are listed. */
function sparseFiles(): DatasetFiles {
  const { name, classes, trainImages, trainLabels, testImages, testLabels } = tinyDataset();
  const dark = (file: Uint8Array) => shared(file.map((byte, at) => (at >= 16 && byte < 210 ? 0 : byte)));
  return {
    name,
    classes,
    trainImages: dark(trainImages),
    trainLabels: shared(trainLabels),
    testImages: dark(testImages),
    testLabels: shared(testLabels),
  };
}

/** A cache that counts what it loads and lists. */
function countingCache(load: (of: DatasetBlobs) => Promise<DatasetFiles> = async () => sparseFiles()) {
  const counts = { loaded: 0, listed: 0 };
  const cache = datasetCache({
    load(of) {
      counts.loaded++;
      return load(of);
    },
    async list(files) {
      counts.listed++;
      return listDataset(files);
    },
  });
  return { cache, counts };
}

describe('datasetCache', () => {
  it('holds a data set and its lists once, in shared memory, however many jobs ask for it by whatever name', async () => {
    const { cache, counts } = countingCache();
    const [first, second] = await Promise.all([cache.acquire(blobs(1)), cache.acquire(blobs(1, 'another name'))]);
    const third = await cache.acquire(blobs(1));
    expect(counts).toEqual({ loaded: 1, listed: 1 });
    expect(second).toBe(first);
    expect(third).toBe(first);
    const { files, lists } = first;
    const { train, test } = lists;
    if (train === undefined || test === undefined) throw new Error('nothing was listed');
    const arrays = [files.trainImages, files.trainLabels, files.testImages, files.testLabels];
    for (const { buffer } of [...arrays, train.offsets, train.indices, train.bytes, test.offsets, test.bytes]) {
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it('loads what differs apart, and again what nobody holds any more', async () => {
    const { cache, counts } = countingCache();
    await cache.acquire(blobs(1));
    await cache.acquire(blobs(9));
    await cache.acquire({ ...blobs(1), classes: 3 });
    expect(counts.loaded).toBe(3);
    await cache.acquire(blobs(1));
    cache.release(blobs(1));
    await cache.acquire(blobs(1));
    expect(counts.loaded).toBe(3);
    cache.release(blobs(1));
    cache.release(blobs(1));
    await cache.acquire(blobs(1));
    expect(counts.loaded).toBe(4);
  });

  it('tries again after a load that failed', async () => {
    let away = true;
    const { cache } = countingCache(async () => {
      if (away) throw new Error('the database is away');
      return sparseFiles();
    });
    await expect(Promise.all([cache.acquire(blobs(1)), cache.acquire(blobs(1))])).rejects.toThrow('away');
    away = false;
    expect((await cache.acquire(blobs(1))).files.classes).toBe(2);
  });
});
