/** The bound on step sizes against eigenvalues of a dense matrix, and against relaxations that keep to it or do not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../activations/catalogue.ts';
import { activationNamed } from '../activations/catalogue.ts';
import type { ParameterValues } from '../kernels/kernel-set.ts';
import { biasCount, lastSettlingLayer, type NetworkDescription, unitsOf, weightShape } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { deepHopfield } from '../models/deep-hopfield.ts';
import { denseNetwork, type NetworkSettings, networkStructure } from '../models/network-structure.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import { couplingRadius, stepSizeBound } from './stability.ts';

const product = (shape: readonly number[]) => shape.reduce((entries, size) => entries * size, 1);

function drawn(network: NetworkDescription, seed: number, scale: number): ParameterValues {
  const stream = randomStream(seed, 'weights');
  return {
    weights: network.connections.map((connection, k) =>
      Float64Array.from(
        { length: product(weightShape(network, connection)) },
        (_, i) => scale * (2 * stream.split(k).uniform(i) - 1),
      ),
    ),
    biases: network.layers.slice(1).map((shape) => new Float64Array(biasCount(shape))),
    feedback: [],
  };
}

/**
 * The couplings between units that settle as a dense symmetric matrix, by what the energy says of them: ∂²E/∂s∂s' of a
 * linear network is the unit matrix minus the couplings, and E is quadratic, so that differences of it are exact.
 */
function denseCouplings(settings: NetworkSettings, parameters: ParameterValues): number[][] {
  const identity = { ...settings, activation: 'identity', outputActivation: 'identity' } as const;
  const model = deepHopfield(networkStructure(identity), 1);
  const { layers } = model.network;
  const last = lastSettlingLayer(model.network);
  const units = layers
    .slice(1, last + 1)
    .flatMap((shape, k) => Array.from({ length: unitsOf(shape) }, (_, i) => [k + 1, i]));
  const energyWith = (set: readonly (readonly number[])[]) => {
    const states = layers.map((shape) => new Float64Array(unitsOf(shape)));
    for (const [layer, unit] of set) states[layer][unit] += 1;
    return model.energy(parameters, states);
  };
  const nothing = energyWith([]);
  const alone = units.map((unit) => energyWith([unit]));
  return units.map((a, i) => units.map((b, j) => (i === j ? 0 : alone[i] + alone[j] - energyWith([a, b]) - nothing)));
}

/** The eigenvalues of a symmetric matrix by Jacobi's rotations. */
function eigenvalues(symmetric: readonly (readonly number[])[]): readonly number[] {
  const a = symmetric.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += a[p][q] ** 2;
        if (Math.abs(a[p][q]) < 1e-15) continue;
        const angle = Math.atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
    }
    if (off < 1e-24) break;
  }
  return a.map((row, i) => row[i]);
}

const dense = (input: number, layers: readonly number[], others: Partial<NetworkSettings> = {}): NetworkSettings => ({
  input: [input, 1, 1],
  layers,
  skips: [],
  activation: 'hard-sigmoid',
  outputActivation: 'hard-sigmoid',
  readout: 'squared-error',
  feedback: 'symmetric',
  ...others,
});

const window = { kernelSize: 3, stride: 2, padding: 1 };

/** Chains, nets with skips, with convolutions, and with a read-out outside the dynamics. */
const networks = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 4 }))
    .map(([input, layers]) => dense(input, layers)),
  fc
    .array(fc.integer({ min: 2, max: 6 }), { minLength: 3, maxLength: 3 })
    .map((layers) => dense(3, layers, { skips: [{ from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 }] })),
  fc
    .array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 })
    .map((layers) => dense(3, layers, { readout: 'softmax-cross-entropy' })),
  fc.constant(
    dense(1, [], {
      input: [1, 3, 3],
      layers: [{ channels: 2, ...window, stride: 1, pooling: null }, { channels: 3, ...window, pooling: null }, 3],
    }),
  ),
);

describe('couplingRadius', () => {
  it('is the largest eigenvalue of the dense couplings in size, for nets of a few units exactly', () => {
    fc.assert(
      fc.property(networks, fc.nat(), fc.double({ min: 0.05, max: 3, noNaN: true }), (settings, seed, scale) => {
        const { network } = deepHopfield(networkStructure(settings), 0.5);
        const parameters = drawn(network, seed, scale);
        const exact = Math.max(...eigenvalues(denseCouplings(settings, parameters)).map(Math.abs));
        const radius = couplingRadius(network, parameters) ?? Number.NaN;
        expect(Math.abs(radius - exact)).toBeLessThanOrEqual(1e-7 * exact);
      }),
      { numRuns: 40 },
    );
  });

  it('is 0 where nothing that settles is coupled, and unknown where couplings depend on states', () => {
    const { network } = deepHopfield(denseNetwork([3, 4], 'hard-sigmoid'), 0.5);
    expect(couplingRadius(network, drawn(network, 1, 1))).toBe(0);
    expect(stepSizeBound(network, drawn(network, 1, 1))).toBe(2);
    const pooled = dense(1, [], {
      input: [1, 6, 6],
      layers: [{ channels: 2, kernelSize: 3, stride: 1, padding: 1, pooling: { kind: 'max', size: 2 } }, 4],
    });
    const poolingNetwork = deepHopfield(networkStructure(pooled), 0.5).network;
    expect(couplingRadius(poolingNetwork, drawn(poolingNetwork, 1, 1))).toBeUndefined();
    expect(stepSizeBound(poolingNetwork, drawn(poolingNetwork, 1, 1))).toBeUndefined();
  });

  it('does not depend on how many units a layer has: images of more units than a call takes arguments', () => {
    const wide = dense(1, [], {
      input: [1, 400, 320],
      layers: [
        { channels: 1, kernelSize: 1, stride: 1, padding: 0, pooling: null },
        { channels: 1, kernelSize: 1, stride: 1, padding: 0, pooling: null },
      ],
    });
    const { network } = deepHopfield(networkStructure(wide), 0.5);
    const weights = [Float64Array.of(5), Float64Array.of(0.75)];
    expect(couplingRadius(network, { weights, biases: [], feedback: [] })).toBeCloseTo(0.75, 12);
  });
});

describe('stepSizeBound', () => {
  it('is 2 / (1 + L² λ), L the steepest slope among hidden units and outputs that settle', () => {
    const names: readonly ActivationName[] = [
      'hard-sigmoid',
      'half-hard-sigmoid',
      'tanh',
      'logistic',
      'holomorphic-hard-sigmoid',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        fc.nat(),
        (activation, outputActivation, seed) => {
          for (const readout of ['squared-error', 'softmax-cross-entropy'] as const) {
            const settings = dense(3, [4, 3, 2], { activation, outputActivation, readout });
            const { network } = deepHopfield(networkStructure(settings), 0.5);
            const parameters = drawn(network, seed, 1);
            const slopes = [activation, ...(readout === 'squared-error' ? [outputActivation] : [])];
            const steepest = Math.max(...slopes.map((name) => activationNamed(name).steepest));
            const radius = couplingRadius(network, parameters) ?? Number.NaN;
            expect(stepSizeBound(network, parameters)).toBeCloseTo(2 / (1 + steepest ** 2 * radius), 12);
          }
        },
      ),
    );
  });

  /** How much farther from its rest state, along the mode -λ, a pair of units is after 12 steps of a size. */
  function growth(weight: number, stepSize: number): number {
    const { network } = deepHopfield(denseNetwork([1, 1, 1], 'hard-sigmoid'), stepSize);
    const workspace = { batchCapacity: 1, slots: 2, parameterBuffers: 0, complexStates: false, anderson: false };
    const memory = createArenaMemory(referenceKernels.predictBytes(network, workspace));
    const kernels = referenceKernels.build(network, workspace, openArena(memory));
    // The rest state is 1/2 in both units, in the middle of the range, where slopes are 1.
    const bias = Float64Array.of(0.5 - 0.5 * weight);
    kernels.writeParameters({
      weights: [new Float64Array(1), Float64Array.of(weight)],
      biases: [bias, bias],
      feedback: [],
    });
    kernels.clamp(1);
    const apart = 1e-6;
    kernels.writeStates(1, 1, Float64Array.of(0.5 + apart / 2));
    kernels.writeStates(1, 2, Float64Array.of(0.5 - apart / 2));
    const report = kernels.settle({
      from: 1,
      into: 0,
      schedule: 'synchronous',
      teaching: { kind: 'none' },
      steps: 12,
      tolerance: 0,
      leastSteps: 1,
      interruptible: true,
    });
    if (report.kind !== 'settled') throw new Error(`ended as ${report.kind}`);
    return Math.abs(kernels.readStates(0, 1)[0] - kernels.readStates(0, 2)[0]) / apart;
  }

  it('is where a synchronous relaxation begins to overshoot more and more', () => {
    fc.assert(
      fc.property(fc.double({ min: 1.3, max: 4, noNaN: true }), (weight) => {
        const { network } = deepHopfield(denseNetwork([1, 1, 1], 'hard-sigmoid'), 0.5);
        const weights = [new Float64Array(1), Float64Array.of(weight)];
        const bound = stepSizeBound(network, { weights, biases: [], feedback: [] }) ?? Number.NaN;
        expect(bound).toBeCloseTo(2 / (1 + weight), 12);
        expect(growth(weight, 0.95 * bound)).toBeLessThan(0.5);
        expect(growth(weight, 1.05 * bound)).toBeGreaterThan(2);
      }),
    );
  });
});
