/**
 * Trains a few networks for some batches on the native kernels of the element type given as argument, and prints the SHA-256 of
 * all parameters, with the instructions that computed them. Plain JavaScript on the built packages, so that Node runs it alone.
 */
import { createHash } from 'node:crypto';
import process from 'node:process';
import { createArenaMemory, openArena, randomStream } from '@settle/core';
import { nativeKernelSets } from '../../dist/index.js';

const native = nativeKernelSets();
if (native.kind !== 'present') throw new Error(native.reason);
const set = native.sets.find(({ elementType }) => elementType === process.argv[2]);
const hash = createHash('sha256');
const dense = (sizes) => ({
  layers: sizes.map((size) => [size, 1, 1]),
  connections: sizes.slice(1).map((_, k) => ({ kind: 'dense', from: k, to: k + 1 })),
});
const convolution = (from, pooling) => ({
  kind: 'convolution',
  from,
  to: from + 1,
  kernelSize: 3,
  stride: 1,
  padding: 1,
  pooling,
});
const MAP = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' };
const NETWORKS = [
  [dense([70, 96, 10]), 'logistic', MAP],
  [dense([70, 100, 90, 80, 10]), 'tanh', MAP],
  [dense([70, 90, 10]), 'hard-sigmoid', { kind: 'energy-gradient', stepSize: 0.4 }],
  [
    {
      layers: [
        [1, 8, 8],
        [20, 4, 4],
        [24, 4, 4],
        [10, 1, 1],
      ],
      connections: [
        convolution(0, { kind: 'max', size: 2 }),
        convolution(1, undefined),
        { kind: 'dense', from: 2, to: 3 },
      ],
    },
    'hard-sigmoid',
    MAP,
  ],
];

for (const [graph, activation, dynamics] of NETWORKS)
  train({ ...graph, activation, outputActivation: activation, dynamics });
process.stdout.write(JSON.stringify({ instructions: native.instructions, hash: hash.digest('hex') }));

function train(description) {
  const network = { ...description, feedback: 'symmetric', readout: 'squared-error' };
  const workspace = { batchCapacity: 7, slots: 2, parameterBuffers: 0, complexStates: false, anderson: false };
  const kernels = set.build(network, workspace, openArena(createArenaMemory(set.predictBytes(network, workspace))));
  const stream = randomStream(5, 'drawn');
  const parameters = kernels.readParameters();
  for (const [k, values] of parameters.weights.entries()) fill(values, stream.split('weights').split(k), 0.2);
  for (const [k, values] of parameters.biases.entries()) fill(values, stream.split('biases').split(k), 0.3);
  kernels.writeParameters(parameters);
  const phase = { schedule: 'synchronous', steps: 12, tolerance: 0, leastSteps: 1, interruptible: true };
  for (let batch = 0; batch < 6; batch++) {
    fill(kernels.inputs, stream.split('inputs').split(batch), 1);
    fill(kernels.labels, stream.split('labels').split(batch), 1);
    kernels.clamp(7);
    kernels.settle({ ...phase, from: 'zeros', into: 0, teaching: { kind: 'none' } });
    kernels.settle({ ...phase, from: 0, into: 1, teaching: { kind: 'nudge', beta: 0.5 } });
    const term = (slot, coefficient) => ({ below: slot, above: slot, coefficient, weights: 'feedforward' });
    const contrast = { terms: [term(1, 2), term(0, -2)], readoutAt: undefined };
    kernels.addToParameters(
      contrast,
      kernels.parameters.map(() => 0.01),
    );
  }
  for (const values of [...kernels.readParameters().weights, ...kernels.readParameters().biases]) {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  kernels.release();
}

function fill(values, stream, bound) {
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * stream.uniform(i) - 1);
}
