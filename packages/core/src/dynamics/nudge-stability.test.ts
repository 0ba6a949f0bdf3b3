/** The refusal of nudges against what a network does under them: a lone linear output settles or runs away. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { denseNetwork } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { nudgeFault } from './nudge-stability.ts';

const WORKSPACE = { batchCapacity: 1, slots: 2, parameterBuffers: 0, complexStates: false, anderson: false };
const STEPS = 4_000;

function residualAfter(stepSize: number, beta: number): number {
  const { network } = prototypical(denseNetwork([1, 1], 'identity'), { nudge: 'inside', stepSize });
  const memory = createArenaMemory(referenceKernels.predictBytes(network, WORKSPACE));
  const kernels = referenceKernels.build(network, WORKSPACE, openArena(memory));
  kernels.writeParameters({ weights: [Float64Array.of(0.5)], biases: [new Float64Array(1)], feedback: [] });
  kernels.inputs[0] = 1;
  kernels.labels[0] = 1;
  kernels.clamp(1);
  const report = kernels.settle({
    from: 'zeros',
    into: 0,
    schedule: 'synchronous',
    teaching: { kind: 'nudge', beta },
    steps: STEPS,
    tolerance: 0,
    leastSteps: 1,
    interruptible: false,
  });
  return report.kind === 'settled' ? report.residual : Number.POSITIVE_INFINITY;
}

it('refuses exactly the strengths under which a linear output does not settle', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 40, noNaN: true }),
      fc.boolean(),
      (stepSize, strength, isNegative) => {
        const beta = isNegative ? -Math.min(strength, 3) : strength;
        // Too near the border, 4,000 steps tell nothing.
        fc.pre(Math.abs(Math.abs(1 - stepSize * (1 + beta)) - 1) > 0.01);
        const { network } = prototypical(denseNetwork([1, 1], 'identity'), { nudge: 'inside', stepSize });
        const fault = nudgeFault(network, { lowest: Math.min(beta, 0), highest: Math.max(beta, 0) });
        expect(fault === undefined).toBe(residualAfter(stepSize, beta) < 1e-6);
      },
    ),
  );
});

it('leaves bounded outputs alone, which stop at their bounds', () => {
  const { network } = prototypical(denseNetwork([1, 1], 'hard-sigmoid'), { nudge: 'inside', stepSize: 1 });
  expect(nudgeFault(network, { lowest: -5, highest: 5 })).toBeUndefined();
});
