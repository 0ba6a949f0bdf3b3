/**
 * How many floating-point operations does a training step need? Those of matrix products only, 2 per multiply-add.
 *
 *   2 · B · Σ_connections multiply-adds · passes
 *
 *   passes      from the input   1 drive per batch + 1 outer product on the difference of states
 *               settling         forward and backward in every relaxation step + its outer products
 *               softmax read-out forward once, forward and backward in every nudged step + 1 outer product
 *
 * Zeros that kernels skip count as if they were not zero. Backpropagation is one step and one outer product.
 */
import { convolvedShape, type NetworkDescription, unitsOf } from '@settle/core';

export interface StepCounts {
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  /** Per settling connection and batch: 2 for a contrast of products, 1 for a product with a difference. */
  readonly outerProducts: 1 | 2;
}

export function usefulFlops(network: NetworkDescription, counts: StepCounts, batch: number): number {
  return network.connections.reduce(
    (flops, connection) => flops + 2 * batch * multiplyAdds(network, connection) * passes(network, connection, counts),
    0,
  );
}

type Connection = NetworkDescription['connections'][number];

function passes({ layers, readout }: NetworkDescription, { from, to }: Connection, counts: StepCounts): number {
  const { freeSteps, nudgedSteps, outerProducts } = counts;
  if (from === 0) return 2;
  const isReadout = readout === 'softmax-cross-entropy' && to === layers.length - 1;
  return isReadout ? 2 * nudgedSteps + 2 : 2 * (freeSteps + nudgedSteps) + outerProducts;
}

/** Of one sample through one connection, once. */
function multiplyAdds({ layers }: NetworkDescription, connection: Connection): number {
  const below = layers[connection.from];
  const above = layers[connection.to];
  if (below === undefined || above === undefined) throw new RangeError('a connection joins layers that there are');
  if (connection.kind === 'dense') return unitsOf(below) * unitsOf(above);
  const { convolved } = convolvedShape(below, above[0], connection);
  return unitsOf(convolved) * below[0] * connection.kernelSize ** 2;
}
