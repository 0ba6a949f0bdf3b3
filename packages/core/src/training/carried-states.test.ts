/** Where free phases start: what is carried from phase to phase in training, and that evaluation carries nothing. */
import { describe, expect, it } from 'vitest';
import { FREE } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels, Slot } from '../kernels/kernel-set.ts';
import { lastSettlingLayer, unitsOf } from '../kernels/network.ts';
import { epRecipe } from '../recipes/ep.ts';
import { type Method, methodFrom } from '../recipes/method.ts';
import type { InitialStates } from '../recipes/method-description.ts';
import { chain, descent, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { epochMetrics, lastCheckpoint, run, setsFor } from './testing/sessions.ts';

const ep = (
  initialStates: InitialStates,
  rates = [0.2, 0.1],
  readout: 'squared-error' | 'softmax-cross-entropy' = 'squared-error',
) =>
  methodFrom(
    epRecipe({
      network: { ...chain(POINTS, [7], 'hard-sigmoid'), readout },
      settling: settling(6, 3, { initialStates }),
      optimizer: descent(rates),
      initialization: glorot,
      stepSize: 0.4,
      nudging: 'one-sided',
      beta: 0.5,
    }),
  );

/** States of all layers that settle, sample by sample. */
function samplesIn(kernels: NetworkKernels, slot: Slot, samples: number): readonly string[] {
  const { network } = kernels;
  const layers = network.layers.slice(1, lastSettlingLayer(network) + 1);
  const states = layers.map((_, k) => kernels.readStates(slot, k + 1));
  return Array.from({ length: samples }, (_, sample) =>
    layers.map((shape, k) => states[k].slice(sample * unitsOf(shape), (sample + 1) * unitsOf(shape)).join()).join(';'),
  );
}

interface SeenBatch {
  /** Where each sample started, and came to rest, by its row. */
  readonly starts: readonly string[];
  readonly rests: readonly string[];
  /** The samples themselves, told apart by their inputs. */
  readonly inputs: readonly string[];
}

/** The method itself, with a note of where every batch started and came to rest. */
function watched(method: Method) {
  const batches: SeenBatch[] = [];
  const evaluationStarts: (Slot | 'zeros')[] = [];
  const { estimator } = method;
  const units = unitsOf(method.model.network.layers[0]);
  const watching: Method = {
    ...method,
    estimator: {
      ...estimator,
      settleFreely(kernels, start, samples) {
        evaluationStarts.push(start);
        return estimator.settleFreely(kernels, start, samples);
      },
      estimate(kernels, draw, learn) {
        const { start, samples } = draw;
        const starts = start === 'zeros' ? [] : samplesIn(kernels, start, samples);
        const inputs = Array.from({ length: samples }, (_, row) =>
          kernels.inputs.slice(row * units, (row + 1) * units).join(),
        );
        const estimate = estimator.estimate(kernels, draw, learn);
        batches.push({ starts, rests: samplesIn(kernels, FREE, samples), inputs });
        return estimate;
      },
    },
  };
  return { watching, batches, evaluationStarts };
}

const ZEROS = [7, 4].map((size) => Array.from({ length: size }, () => 0).join()).join(';');

describe.each(setsFor(ep('zeros')))('on $name kernels', (kernelSet) => {
  it('a persistent state is exactly where the same sample came to rest the last time, zeros before', () => {
    const { watching, batches } = watched(ep('persistent'));
    const { events } = run({ method: watching, kernelSet, epochs: 3 });
    const rest = new Map<string, string>();
    for (const { starts, rests, inputs } of batches) {
      expect(starts).toEqual(inputs.map((sample) => rest.get(sample) ?? ZEROS));
      inputs.forEach((sample, row) => {
        rest.set(sample, rests[row]);
      });
    }
    expect(batches).toHaveLength(9);
    expect(rest.size).toBe(40);
    // The checkpoint keeps them by sample.
    const { carriedStates } = lastCheckpoint(events);
    const saved = Array.from({ length: 40 }, (_, sample) =>
      carriedStates
        .map((values) => values.slice((sample * values.length) / 40, ((sample + 1) * values.length) / 40).join())
        .join(';'),
    );
    expect(new Set(saved)).toEqual(new Set(rest.values()));
  });

  it('states of the batch before are taken row by row; a smaller batch leaves the rows that it does not have', () => {
    const { watching, batches } = watched(ep('previous-batch'));
    run({ method: watching, kernelSet, epochs: 3 });
    const rows = Array.from({ length: 16 }, () => ZEROS);
    for (const { starts, rests } of batches) {
      expect(starts).toEqual(rows.slice(0, starts.length));
      rests.forEach((rest, row) => {
        rows[row] = rest;
      });
    }
    expect(batches.map(({ starts }) => starts.length)).toEqual([16, 16, 8, 16, 16, 8, 16, 16, 8]);
  });

  it.each(['zeros', 'persistent', 'previous-batch'] as const)(
    'with %s, evaluation starts from zeros',
    (initialStates) => {
      const { watching, batches, evaluationStarts } = watched(ep(initialStates));
      run({ method: watching, kernelSet, epochs: 2 });
      // 20 test samples are two batches.
      expect(evaluationStarts).toEqual(['zeros', 'zeros', 'zeros', 'zeros']);
      expect(batches.every(({ starts }) => starts.length === 0)).toBe(initialStates === 'zeros');
    },
  );

  it('persistent states come nearer to rest in the same number of steps', () => {
    // Slow learning, so that a rest state is not far from where it was an epoch ago.
    const residuals = (initialStates: InitialStates) =>
      epochMetrics(run({ method: ep(initialStates, [0.01, 0.01]), kernelSet, epochs: 6 }).events).map(
        (m) => m.freeResidual,
      );
    const fromZeros = residuals('zeros');
    const persistent = residuals('persistent');
    expect(persistent[0]).toBe(fromZeros[0]);
    for (const epoch of [2, 3, 4, 5]) expect(persistent[epoch]).toBeLessThan(0.5 * fromZeros[epoch]);
  });

  it('a softmax read-out, which does not settle, is not carried', () => {
    const { carriedStates } = lastCheckpoint(
      run({
        method: ep('persistent', [0.2, 0.1], 'softmax-cross-entropy'),
        kernelSet: setsFor(ep('zeros', [0, 0], 'softmax-cross-entropy'))[0],
      }).events,
    );
    expect(carriedStates.map(({ length }) => length)).toEqual([40 * 7]);
  });
});
