/** Every recipe by name, through the real service; and the same bits as the library gives to the same method. */
import { createHash } from 'node:crypto';
import { RECIPE_NAMES } from '@settle/contracts';
import {
  chooseKernels,
  convolutionalEpRecipe,
  createArenaMemory,
  datasetFromIdx,
  epRecipe,
  holomorphicEpRecipe,
  type KernelSet,
  type MethodDescription,
  type MethodSettings,
  methodFrom,
  openSession,
  referenceKernels,
  sessionBytes,
  wasmKernels,
} from '@settle/core';
import { nativeKernelSets } from '@settle/native';
import { ensureBuiltInDataset } from '@settle/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyDataset, tinyJob } from '../tiny-dataset.ts';
import { startTestStack, type TestStack, untilEnded } from './test-stack.ts';

describe('a job of every recipe', () => {
  let service: TestStack;
  beforeAll(async () => {
    service = await startTestStack({ queue: 'postgres', environment: { SLOTS: '3' } });
    await ensureBuiltInDataset(service.database, tinyDataset());
  });
  afterAll(() => service.stop());

  const train = async (body: object) => {
    const { id } = await service.client.submitJob(body);
    return untilEnded(service.client, id);
  };

  it.each(RECIPE_NAMES)('%s trains on a small network and succeeds', async (recipe) => {
    const job = await train(tinyJob(recipe));
    expect(job.failure).toBeNull();
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { epochs: 2, ended_early: false, best: null, validation_accuracy: null },
    });
    const { rows } = await service.database.pool.query<{ kernels: string }>(
      `SELECT kernels FROM attempt ORDER BY started_at DESC LIMIT 1`,
    );
    expect(rows[0]?.kernels).toBe(job.result?.kernels);
  });

  describe.each(['ep', 'convolutional-ep', 'holomorphic-ep'] as const)('of %s', (recipe) => {
    it.each([
      ['fast', 'float32'],
      ['portable', 'float32'],
      ['fast', 'float64'],
      ['portable', 'float64'],
    ] as const)('gives the checkpoint that the library gives, %s in %s, by any number of lanes', async (...how) => {
      const [determinism, precision] = how;
      const { name, hash } = libraryHash(DESCRIPTIONS[recipe], SETS[precision][determinism]);
      for (const lanes of [1, 2, 16]) {
        const job = await train({ ...tinyJob(recipe), determinism, precision, lanes });
        expect(job.failure).toBeNull();
        // The worker has three slots.
        const taken = name === 'reference' ? 1 : Math.min(lanes, 3);
        const set = NATIVE.kind === 'present' && name.startsWith('native') ? `${name} ${NATIVE.instructions}` : name;
        expect(job.result?.kernels).toBe(taken > 1 ? `${set}, ${taken} lanes` : set);
        expect(job.result?.checkpoint_sha256).toBe(hash);
      }
    });
  });

  it('measures what was asked for, chooses the best epoch, and ends when validation no longer improves', async () => {
    const job = await train({
      ...tinyJob('ep'),
      dataset: { name: 'tiny', validation_samples: 8, normalization: { kind: 'per-channel' } },
      training: {
        epochs: 50,
        batch_size: 4,
        learning_rates: [0, 0],
        early_stopping: { patience_epochs: 3 },
        diagnostics: { every_epochs: 1, gradient_cosine: true },
      },
    });
    // Nothing moves, so nothing improves after the first epoch.
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { epochs: 4, ended_early: true, best: { epoch: 1, checkpoint_id: expect.stringMatching(/^ckpt_/) } },
    });
    const { data: checkpoints } = await service.client.listCheckpoints(job.id);
    const best = checkpoints.find(({ id }) => id === job.result?.best?.checkpoint_id);
    expect(best).toMatchObject({ epoch: 1, metrics: { is_best: 1 } });

    const fixed = await service.client.getMetrics(job.id);
    expect(fixed.data.map(({ key }) => key)).toContain('epoch/validation-accuracy');
    expect(fixed.data.map(({ key }) => key).join()).not.toMatch(/diagnostics|recall/);
    const asked = ['epoch/recall/1', 'diagnostics/gradient-cosine', 'diagnostics/weight-norm/weights.0'];
    expect(fixed.available_keys).toEqual(expect.arrayContaining(asked));
    const { data } = await service.client.getMetrics(job.id, { keys: asked });
    expect(data.map(({ key }) => key)).toEqual(asked.toSorted());
    for (const series of data) expect(series.total_points).toBe(4);

    const { data: events } = await service.client.listEvents(job.id);
    const epochs = events.flatMap((event) => (event.type === 'job.epoch' ? [event.data] : []));
    expect(epochs).toHaveLength(4);
    expect(epochs[0]).toMatchObject({
      free_steps: 20,
      nudged_steps: 4,
      recall: [expect.any(Number), expect.any(Number)],
      diagnostics: { 'gradient-cosine': expect.any(Number) },
    });
  });
});

const NATIVE = nativeKernelSets();
const native = (name: string) => (NATIVE.kind === 'present' ? NATIVE.sets.filter((set) => set.name === name) : []);
/** What a worker on this machine has to choose among. */
const SETS: Readonly<Record<'float32' | 'float64', Record<'fast' | 'portable', readonly KernelSet[]>>> = {
  float32: {
    fast: [...native('native'), wasmKernels, referenceKernels],
    portable: [wasmKernels, referenceKernels],
  },
  float64: { fast: [...native('native-float64'), referenceKernels], portable: [referenceKernels] },
};

const SYNCHRONOUS = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  tolerance: 0,
  initialStates: 'zeros',
} as const;
const EVEN_ODD = { ...SYNCHRONOUS, freeSchedule: 'even-odd', schedule: 'even-odd' } as const;

function dense(
  activation: MethodSettings['network']['activation'],
  readout: MethodSettings['network']['readout'],
): MethodSettings['network'] {
  const skips: MethodSettings['network']['skips'] = [];
  return {
    input: [16, 1, 1],
    layers: [8, 2],
    skips,
    activation,
    outputActivation: activation,
    readout,
    feedback: 'symmetric',
  };
}

function descent(rates: readonly number[]): MethodSettings['optimizer'] {
  return {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights: rates, biases: rates, feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
  };
}

/** The methods of `tinyJob`, written as a user of the library would. */
const DESCRIPTIONS: Readonly<Record<'ep' | 'convolutional-ep' | 'holomorphic-ep', MethodDescription>> = {
  ep: epRecipe({
    network: dense('hard-sigmoid', 'squared-error'),
    settling: { ...SYNCHRONOUS, freeSteps: 20, nudgedSteps: 4 },
    optimizer: descent([0.1, 0.05]),
    initialization: { name: 'glorot-uniform', gains: [], binary: false },
    stepSize: 0.5,
    nudging: 'random-sign',
    beta: 0.5,
  }),
  'convolutional-ep': convolutionalEpRecipe({
    network: {
      ...dense('hard-sigmoid', 'squared-error'),
      input: [1, 4, 4],
      layers: [
        { channels: 4, kernelSize: 3, stride: 1, padding: 1, pooling: { kind: 'max', size: 2 } },
        { channels: 4, kernelSize: 3, stride: 1, padding: 1, pooling: null },
        2,
      ],
      outputActivation: 'identity',
    },
    settling: { ...EVEN_ODD, freeSteps: 30, nudgedSteps: 10 },
    optimizer: { ...descent([0.0625, 0.0375, 0.025]), rule: { kind: 'momentum', momentum: 0.9 } },
    initialization: { name: 'fan-in-uniform', gains: [], binary: false },
    nudging: 'centred',
    beta: 0.25,
  }),
  'holomorphic-ep': holomorphicEpRecipe({
    network: dense('logistic', 'softmax-cross-entropy'),
    settling: { ...SYNCHRONOUS, freeSteps: 20, nudgedSteps: 20 },
    optimizer: descent([0.05, 0.05]),
    initialization: { name: 'fan-in-uniform', gains: [], binary: false },
    beta: 0.4,
    points: 4,
  }),
};

function libraryHash(description: MethodDescription, sets: readonly KernelSet[]) {
  const { name, classes, trainImages, trainLabels, testImages, testLabels } = tinyDataset();
  const method = methodFrom(description);
  const kernelSet = chooseKernels(method, sets);
  const training = openSession({
    method,
    kernelSet,
    reference: referenceKernels,
    memory: createArenaMemory(sessionBytes(method, kernelSet, 4)),
    train: datasetFromIdx(name, trainImages, trainLabels, classes),
    validation: undefined,
    test: datasetFromIdx(name, testImages, testLabels, classes),
    preparation: {},
    seed: 1,
    epochs: 2,
    batchSize: 4,
    checkpointEveryEpochs: 1,
    earlyStopping: undefined,
    diagnostics: { everyEpochs: 0, gradientCosine: false },
    resumeFrom: undefined,
  });
  let last = new Uint8Array();
  for (const event of training) if (event.kind === 'checkpoint') last = event.file.slice();
  return { name: kernelSet.name, hash: createHash('sha256').update(last).digest('hex') };
}
