/** The contract infers shapes without core; here the two are held to each other. */
import { type JobSpec, type LayerShape, outlineNetwork, validateJob } from '@settle/contracts';
import type { Method } from '@settle/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { methodOf } from './recipes.ts';

type Spec = Extract<JobSpec, { recipe: 'convolutional-ep' }>;
type Connection = Method['model']['network']['connections'][number];
type Network = Spec['network'];

const size = fc.integer({ min: 1, max: 12 });
const window = {
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  padding: fc.integer({ min: 0, max: 2 }),
};
const convolution = fc.record({
  channels: fc.integer({ min: 1, max: 3 }),
  ...window,
  pooling: fc.option(
    fc.record({ kind: fc.constantFrom('max', 'average', 'softmax'), size: fc.integer({ min: 1, max: 3 }) }),
  ),
});
const layers = fc
  .tuple(
    fc.oneof(size, fc.array(size, { minLength: 3, maxLength: 3 })),
    fc.array(fc.oneof(size, convolution, convolution), { minLength: 1, maxLength: 4 }),
  )
  .map(([input, above]): Network['layers'] => [input, ...above]);
const skip = fc.record({
  from: fc.integer({ min: 0, max: 4 }),
  to: fc.integer({ min: 0, max: 5 }),
  ...window,
  kernel: fc.integer({ min: 0, max: 3 }),
});
const networks = fc.record({
  layers,
  skips: fc.array(skip, { maxLength: 2 }),
  readout: fc.constantFrom('squared-error', 'softmax-cross-entropy'),
});

/** A skip of the shape that its ends have, so that not all random ones are refused. */
function fitted(network: Pick<Network, 'layers' | 'skips' | 'readout'>): typeof network {
  const shapes = outlineNetwork({ ...network, skips: [] })?.shapes ?? [];
  const skips = network.skips.map((one) => {
    const same = shapes[one.from]?.slice(1).join() === shapes[one.to]?.slice(1).join();
    return same ? { ...one, kernel: 1, stride: 1, padding: 0 } : one;
  });
  return { ...network, skips };
}

/** Entries of the padded planes below, and of those above before a pooling. */
function planesOf(connection: Connection, [channels, height, width]: LayerShape, channelsAbove: number): number {
  if (connection.kind === 'dense') return 0;
  const { kernelSize, stride, padding } = connection;
  const positions = (length: number) => Math.floor((length + 2 * padding - kernelSize) / stride) + 1;
  const padded = channels * (height + 2 * padding) * (width + 2 * padding);
  return padded + channelsAbove * positions(height) * positions(width);
}

function defaultSpec(): Spec {
  const validation = validateJob({ recipe: 'convolutional-ep', dataset: { name: 'x' } }, 'unchecked');
  if (validation.kind === 'invalid' || validation.spec.recipe !== 'convolutional-ep') throw new Error('not valid');
  return validation.spec;
}

it('finds the shapes, connections and weights that core finds, and a fault where core refuses', () => {
  const spec = defaultSpec();
  let fits = 0;
  fc.assert(
    fc.property(networks, (given) => {
      const network = { ...spec.network, ...fitted(given), gains: [] };
      const rates = [...network.layers.slice(1), ...network.skips].map(() => 0.1);
      const training = {
        ...spec.training,
        learning_rates: rates,
        bias_learning_rates: network.layers.slice(1).map(() => 0.1),
      };
      const outline = outlineNetwork(network);
      if (outline === undefined) throw new Error('a network has at least two layers');
      const build = () => methodOf({ ...spec, network, training }).model.network;
      if (outline.faults.length > 0) {
        expect(build).toThrow(RangeError);
        return;
      }
      fits++;
      const { layers: shapes, connections } = build();
      expect(outline.shapes).toEqual(shapes);
      expect(outline.connections).toEqual(
        connections.map((connection) => {
          const { from, to } = connection;
          const [below, above] = [shapes[from], shapes[to]];
          if (below === undefined || above === undefined) throw new Error('a connection leads between layers');
          const units = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
          const weights =
            connection.kind === 'dense'
              ? units(below) * units(above)
              : above[0] * below[0] * connection.kernelSize ** 2;
          return { from, to, weights, planes: planesOf(connection, below, above[0]) };
        }),
      );
    }),
    { numRuns: 2_000 },
  );
  expect(fits).toBeGreaterThan(100);
});
