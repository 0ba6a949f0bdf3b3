/** Connections that lead one way only, against those that lead both ways with zeros for weights. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../activations/catalogue.ts';
import type { NetworkKernels, ParameterValues, Teaching } from '../kernel-set.ts';
import {
  type Connection,
  checkNetwork,
  type Dynamics,
  denseChain,
  type NetworkDescription,
  weightShape,
} from '../network.ts';
import { GRAPHS, networkOn, ONE_WAY, readSlot, readyKernels, settled } from '../testing/drawn-network.ts';
import { distance } from '../testing/slopes.ts';

const SAMPLES = 2;
const DYNAMICS: readonly Dynamics[] = [
  { kind: 'energy-gradient', stepSize: 0.4 },
  { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
  { kind: 'prediction-error', stepSize: 0.1 },
];
const ACTIVATIONS: readonly ActivationName[] = ['tanh', 'logistic'];
const SEPARATE = { feedback: 'separate' } as const;

const ready = (network: NetworkDescription, seed: number) =>
  readyKernels(network, 0.7, seed, { batchCapacity: SAMPLES, slots: 4, anderson: true });

/** The same network with connections that lead both ways. */
function bothWays(network: NetworkDescription): NetworkDescription {
  const connections = network.connections.map((connection): Connection => {
    if (connection.kind !== 'dense') return connection;
    const { kind, from, to } = connection;
    return { kind, from, to };
  });
  return { ...network, connections };
}

/** Zeros for the weights that a one-way connection does not have. */
function filledUp(network: NetworkDescription, { weights, biases, feedback }: ParameterValues): ParameterValues {
  const fill = (values: ParameterValues['weights'], isThere: (connection: Connection) => boolean) =>
    values.map((own, k) => {
      const connection = network.connections[k];
      const [rows, columns] = weightShape(network, connection);
      return own.length === 0 && isThere(connection) ? new Float64Array(rows * columns) : own;
    });
  return { weights: fill(weights, () => true), biases, feedback: fill(feedback, ({ from }) => from > 0) };
}

/** Only what both kinds of network have. */
function expectSame(seen: ParameterValues, expected: ParameterValues): void {
  for (const kind of ['weights', 'biases', 'feedback'] as const) {
    seen[kind].forEach((values, k) => {
      if (values.length > 0) expect(distance(values, expected[kind][k])).toBeLessThan(1e-13);
    });
  }
}

const slotOf = (kernels: NetworkKernels, slot: number) => readSlot(kernels, slot).map((layer) => [...layer]);

describe('connections that lead one way', () => {
  const networks = fc
    .record({ activation: fc.constantFrom(...ACTIVATIONS), dynamics: fc.constantFrom(...DYNAMICS) })
    .map(({ activation, dynamics }) => networkOn(ONE_WAY, activation, dynamics, SEPARATE));

  const pair = (network: NetworkDescription, seed: number) => {
    const oneWay = ready(network, seed);
    const twoWay = ready(bothWays(network), seed);
    twoWay.writeParameters(filledUp(network, oneWay.readParameters()));
    twoWay.clamp(SAMPLES);
    return { oneWay, twoWay, both: [oneWay, twoWay] };
  };

  it('settle as those that lead both ways with zeros for the other, by every schedule', () => {
    const schedules = fc.constantFrom('synchronous' as const, 'even-odd' as const, 'anderson' as const);
    fc.assert(
      fc.property(networks, schedules, fc.nat(), (network, schedule, seed) => {
        const { oneWay, twoWay, both } = pair(network, seed);
        const nudge: Teaching = { kind: 'nudge', beta: 0.3 };
        for (const kernels of both) {
          settled(kernels, { steps: 6, schedule });
          settled(kernels, { from: 0, into: 1, steps: 4, schedule, teaching: nudge });
        }
        expect(slotOf(oneWay, 0)).toEqual(slotOf(twoWay, 0));
        expect(slotOf(oneWay, 1)).toEqual(slotOf(twoWay, 1));
      }),
      { numRuns: 20 },
    );
  });

  it('have a contrast for the weights they have, in gradients and in parameters', () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        const { oneWay, twoWay, both } = pair(network, seed);
        const [gradients, parameters] = [[], []].map((list: ParameterValues[]) => list);
        for (const kernels of both) {
          settled(kernels, { steps: 6 });
          settled(kernels, { from: 0, into: 1, steps: 4, teaching: { kind: 'nudge', beta: 0.3 } });
          const contrast = {
            terms: [
              { below: 0, above: 1, coefficient: 0.5, weights: 'feedforward' as const },
              { below: 1, above: 0, coefficient: -0.3, weights: 'feedback' as const },
            ],
            readoutAt: undefined,
          };
          kernels.addToGradients(contrast);
          gradients.push(kernels.readBuffer(0));
          const all = kernels.parameters.map(() => 0.1);
          kernels.addToParameters(contrast, all);
          parameters.push(kernels.readParameters());
        }
        expectSame(gradients[0], gradients[1]);
        expectSame(parameters[0], parameters[1]);
        expect(oneWay.parameters.map(({ values }) => values.length)).not.toEqual(
          twoWay.parameters.map(({ values }) => values.length),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('are corrected, answered, differentiated and passed errors as those with zeros are', () => {
    const map = networkOn(ONE_WAY, 'tanh', DYNAMICS[1], SEPARATE);
    const { oneWay, twoWay, both } = pair(map, 4);
    const gradients = both.map((kernels) => {
      settled(kernels, { steps: 5 });
      settled(kernels, { from: 0, into: 1, steps: 3, teaching: { kind: 'nudge-corrected', beta: 0.3, about: 0 } });
      kernels.response(0, 0, 1, 2);
      kernels.adjointStep(0, 1, 3);
      return kernels.readBuffer(0);
    });
    for (const slot of [1, 2, 3]) expect(slotOf(oneWay, slot)).toEqual(slotOf(twoWay, slot));
    expectSame(gradients[0], gradients[1]);
    const errors = both.map((kernels) => {
      settled(kernels, { schedule: 'feed-forward' });
      kernels.propagateErrors(0, 2);
      return slotOf(kernels, 2);
    });
    expect(errors[0]).toEqual(errors[1]);
  });

  describe('up, in a network of symmetric feedback', () => {
    const upOnly = networkOn(
      {
        layers: ONE_WAY.layers,
        connections: denseChain([3, 4, 5, 4, 2]).connections.map((c) => ({ ...c, direction: 'up' as const })),
      },
      'tanh',
      DYNAMICS[1],
    );

    it('bring nothing down: relaxation ends where an upward sweep does', () => {
      const kernels = ready(upOnly, 2);
      settled(kernels, { into: 0, steps: 4 });
      settled(kernels, { into: 1, schedule: 'feed-forward' });
      expect(slotOf(kernels, 0)).toEqual(slotOf(kernels, 1));
    });

    it('pass errors down by the chain rule, but no adjoint through a step', () => {
      const kernels = ready(upOnly, 2);
      const chain = ready(bothWays(upOnly), 2);
      for (const each of [kernels, chain]) {
        settled(each, { into: 0, schedule: 'feed-forward' });
        each.propagateErrors(0, 1);
      }
      expect(slotOf(kernels, 1)).toEqual(slotOf(chain, 1));
      expect(() => kernels.adjointStep(0, 1, 2)).toThrow(RangeError);
    });
  });

  it('are refused where nothing could come down, or nothing goes up', () => {
    const layers = GRAPHS['dense chain'].layers;
    const chain = GRAPHS['dense chain'].connections;
    const skip = (from: number, to: number, direction: 'up' | 'down'): Connection => ({
      kind: 'dense',
      from,
      to,
      direction,
    });
    const refused = (connections: readonly Connection[], others: Partial<NetworkDescription>) => {
      const ordered = connections.toSorted((a, b) => a.to - b.to || a.from - b.from);
      expect(() => checkNetwork(networkOn({ layers, connections: ordered }, 'tanh', DYNAMICS[1], others))).toThrow(
        RangeError,
      );
    };
    const accepted = (connections: readonly Connection[], others: Partial<NetworkDescription>) => {
      const ordered = connections.toSorted((a, b) => a.to - b.to || a.from - b.from);
      checkNetwork(networkOn({ layers, connections: ordered }, 'tanh', DYNAMICS[1], others));
    };
    accepted([...chain, skip(1, 3, 'down')], SEPARATE);
    accepted([...chain, skip(1, 3, 'up')], {});
    refused([...chain, skip(1, 3, 'down')], {});
    refused([...chain, skip(0, 2, 'down')], SEPARATE);
    refused([...chain, skip(0, 3, 'down')], SEPARATE);
    const [first, second, third] = chain;
    refused([first, second, skip(2, 3, 'down')], { ...SEPARATE, readout: 'softmax-cross-entropy' });
    // Layer 2 would be driven from above only.
    refused([first, skip(1, 2, 'down'), third], SEPARATE);
  });

  it('refuse parameters for the way they do not lead', () => {
    const network = networkOn(ONE_WAY, 'tanh', DYNAMICS[1], SEPARATE);
    const kernels = ready(network, 1);
    const parameters = kernels.readParameters();
    expect(() => kernels.writeParameters(filledUp(network, parameters))).toThrow(RangeError);
    kernels.writeParameters(parameters);
  });
});
