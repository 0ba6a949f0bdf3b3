/**
 * What a kernel set's residual says about numbers that are not finite.
 *
 * NaN spreads through every activation. Infinity does not: a bounded unit that receives it saturates and looks settled.
 * And a set may leave out products with zero inputs and with zero states at the start, 0 · ∞ among them. So a finite
 * residual vouches for states, never for parameters; those have to be looked at themselves, as training does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import type { ActivationName, Dynamics, KernelSet, NetworkDescription, NetworkKernels, Phase } from './kernel-set.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { wasmKernels } from './wasm/wasm-kernels.ts';

const ACTIVATIONS: readonly ActivationName[] = ['hard-sigmoid', 'logistic', 'tanh'];
const DYNAMICS: readonly Dynamics[] = [
  { kind: 'energy-gradient', stepSize: 0.5 },
  { kind: 'discrete-map', nudge: 'inside' },
  { kind: 'discrete-map', nudge: 'outside' },
];
const LAYER_SIZES = [3, 5, 6, 2];
const SAMPLES = 6;
/** Enough steps for a signal to go from the input to the output and back. */
const FREE: Phase = { beta: 0, steps: 8, from: 'zeros', into: 'free' };

const CASES = [referenceKernels, wasmKernels].flatMap((set) =>
  ACTIVATIONS.flatMap((activation) =>
    DYNAMICS.map((dynamics) => ({
      set,
      network: { layerSizes: LAYER_SIZES, activation, dynamics } satisfies NetworkDescription,
      title: `${set.name}, ${activation}, ${dynamics.kind}${dynamics.kind === 'discrete-map' ? ` ${dynamics.nudge}` : ''}`,
    })),
  ),
);

interface Poison {
  readonly part: 'inputs' | 'weights' | 'biases';
  /** Which weight matrix or bias vector; no meaning for inputs. */
  readonly layer: number;
  readonly at: number;
  readonly value: number;
}

/** A network of moderate weights and inputs, none of them zero, with one number replaced; clamped and ready to settle. */
function poisoned(set: KernelSet, network: NetworkDescription, poison?: Poison): NetworkKernels {
  const kernels = set.build(network, SAMPLES, openArena(createArenaMemory(set.predictBytes(network, SAMPLES))));
  const stream = randomStream(21, 'values');
  const draw = (name: string, length: number) =>
    Float32Array.from({ length }, (_, i) => (i % 2 === 0 ? 0.5 : -0.5) * (0.1 + stream.split(name).uniform(i)));
  const weights = LAYER_SIZES.slice(1).map((above, k) => draw(`weights ${k}`, LAYER_SIZES[k] * above));
  const biases = LAYER_SIZES.slice(1).map((above, k) => draw(`biases ${k}`, above));
  const inputs = draw('inputs', SAMPLES * LAYER_SIZES[0]);
  if (poison !== undefined) {
    const { part, layer, at, value } = poison;
    const values = { inputs, weights: weights[layer], biases: biases[layer] }[part];
    values[at % values.length] = value;
  }
  kernels.writeParameters({ weights, biases });
  kernels.inputs.set(inputs);
  kernels.clamp(SAMPLES);
  return kernels;
}

function residualOf(kernels: NetworkKernels): number {
  const report = kernels.settle(FREE);
  if (report.kind === 'stopped') throw new Error('nobody asked to stop');
  return report.residual;
}

const states = (kernels: NetworkKernels) => LAYER_SIZES.slice(1).map((_, k) => kernels.readStates('free', k + 1));

describe.each(CASES)('$title', ({ set, network }) => {
  it('reports a finite residual and finite states for finite numbers', () => {
    const kernels = poisoned(set, network);
    expect(residualOf(kernels)).toBeGreaterThanOrEqual(0);
    expect(
      states(kernels)
        .flatMap((layer) => [...layer])
        .every(Number.isFinite),
    ).toBe(true);
  });

  it('never reports a finite residual when a state is not finite', () => {
    const poisons = fc.record({
      part: fc.constantFrom('inputs', 'weights', 'biases'),
      layer: fc.nat({ max: LAYER_SIZES.length - 2 }),
      at: fc.nat({ max: 100 }),
      value: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38),
    }) satisfies fc.Arbitrary<Poison>;
    fc.assert(
      fc.property(poisons, (poison) => {
        const kernels = poisoned(set, network, poison);
        const finite = Number.isFinite(residualOf(kernels));
        const bad = states(kernels).some((layer) => !layer.every(Number.isFinite));
        expect(finite && bad).toBe(false);
      }),
    );
  });

  it('reports NaN for a NaN in any input, bias, or weight that meets something other than zero', () => {
    for (const part of ['inputs', 'biases', 'weights'] as const) {
      for (let layer = 0; layer < LAYER_SIZES.length - 1; layer++) {
        expect(residualOf(poisoned(set, network, { part, layer, at: 1, value: Number.NaN }))).toBeNaN();
      }
    }
  });

  it('keeps a NaN to the sample that brought it', () => {
    const healthy = poisoned(set, network);
    const ill = poisoned(set, network, { part: 'inputs', layer: 0, at: 2 * LAYER_SIZES[0], value: Number.NaN });
    residualOf(healthy);
    residualOf(ill);
    const expected = states(healthy);
    states(ill).forEach((layer, k) => {
      const size = LAYER_SIZES[k + 1];
      layer.forEach((state, at) => {
        if (Math.floor(at / size) === 2) expect(state).toBeNaN();
        else expect(state).toBe(expected[k][at]);
      });
    });
  });

  it('settles to saturated, finite states under one infinite input weight: the residual does not show it', () => {
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const kernels = poisoned(set, network, { part: 'weights', layer: 0, at: 4, value });
      expect(Number.isFinite(residualOf(kernels))).toBe(true);
      // Weight 4 leads from input 0 to unit 4 of layer 1.
      const unit = states(kernels)[0].filter((_, at) => at % LAYER_SIZES[1] === 4);
      const range = network.activation === 'tanh' ? [-1, 1] : [0, 1];
      for (const state of unit) expect(range.some((end) => Math.abs(state - end) < 1e-6)).toBe(true);
    }
  });
});
