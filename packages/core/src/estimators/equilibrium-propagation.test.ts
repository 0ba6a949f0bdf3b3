import { describe, expect, it } from 'vitest';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { equilibriumPropagation, type Nudging } from './equilibrium-propagation.ts';

const KINDS: readonly Nudging['kind'][] = ['one-sided', 'random-sign', 'centred'];
const MODEL = prototypical({ layerSizes: [1, 2, 1], activation: 'tanh', nudge: 'outside' });

function clamped(set: KernelSet, input: number, label = 1) {
  const memory = createArenaMemory(set.predictBytes(MODEL.network, 1));
  const kernels = set.build(MODEL.network, 1, openArena(memory));
  kernels.writeParameters({
    weights: [Float32Array.of(0.3, -0.2), Float32Array.of(0.4, 0.5)],
    biases: [Float32Array.of(0.1, 0.2), Float32Array.of(-0.1)],
  });
  kernels.inputs[0] = input;
  kernels.labels[0] = label;
  kernels.clamp(1);
  return { kernels, control: controlBlock(memory) };
}

const estimator = (kind: Nudging['kind'], beta = 0.5) =>
  equilibriumPropagation({ nudging: { kind, beta }, freeSteps: 20, nudgedSteps: 5 });

describe.each([referenceKernels, wasmKernels])('equilibrium propagation on $name kernels', (set) => {
  it.each([
    { kind: 'one-sided', sign: 1, contrast: { lower: 'free', upper: 'upper', betaSeparation: 0.5 } },
    { kind: 'one-sided', sign: -1, contrast: { lower: 'free', upper: 'upper', betaSeparation: 0.5 } },
    { kind: 'random-sign', sign: 1, contrast: { lower: 'free', upper: 'upper', betaSeparation: 0.5 } },
    { kind: 'random-sign', sign: -1, contrast: { lower: 'lower', upper: 'free', betaSeparation: 0.5 } },
    { kind: 'centred', sign: 1, contrast: { lower: 'lower', upper: 'upper', betaSeparation: 1 } },
    { kind: 'centred', sign: -1, contrast: { lower: 'lower', upper: 'upper', betaSeparation: 1 } },
  ] as const)('$kind with sign $sign contrasts $contrast.lower with $contrast.upper', ({ kind, sign, contrast }) => {
    const { kernels } = clamped(set, 0.5);
    const estimate = estimator(kind).estimate(kernels, sign);
    expect(estimate).toMatchObject({ kind: 'estimated', contrast, free: { steps: 20 }, nudged: { steps: 5 } });
    // The upper slot was pulled nearer to the label, which lies above every state, than the lower one.
    expect(kernels.readStates(contrast.upper, 2)[0]).toBeGreaterThan(kernels.readStates(contrast.lower, 2)[0]);
  });

  it.each(KINDS)('%s leaves parameters alone, whether it ends in an estimate or is stopped', (kind) => {
    const { kernels, control } = clamped(set, 0.5);
    const written = JSON.stringify(kernels.readParameters());
    estimator(kind).estimate(kernels, 1);
    expect(JSON.stringify(kernels.readParameters())).toBe(written);
    control.requestStop('hand-back');
    expect(estimator(kind).estimate(kernels, 1)).toEqual({ kind: 'stopped' });
    expect(JSON.stringify(kernels.readParameters())).toBe(written);
  });

  it.each(KINDS)('%s says in which phase a state stopped being finite', (kind) => {
    const free = clamped(set, Number.NaN);
    expect(estimator(kind).estimate(free.kernels, 1)).toEqual({ kind: 'not-finite', phase: 'free' });
    // A label only acts in nudged phases.
    const nudged = clamped(set, 0.5, Number.POSITIVE_INFINITY);
    expect(estimator(kind).estimate(nudged.kernels, 1)).toEqual({ kind: 'not-finite', phase: 'nudged' });
  });
});

describe('equilibrium propagation', () => {
  it.each(KINDS)('%s refuses with RangeError a beta or a number of steps that no phase can have', (kind) => {
    for (const beta of [0, -0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => estimator(kind, beta)).toThrow(RangeError);
    }
    const nudging = { kind, beta: 0.5 };
    for (const steps of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => equilibriumPropagation({ nudging, freeSteps: steps, nudgedSteps: 4 })).toThrow(RangeError);
      expect(() => equilibriumPropagation({ nudging, freeSteps: 4, nudgedSteps: steps })).toThrow(RangeError);
    }
  });
});
