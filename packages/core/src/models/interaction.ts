/**
 * The interaction that layered models share.
 *
 *   Φ(θ, r) = Σ_c ⟨r_to, P_c(W_c ∗ r_from)⟩ + Σ_k b_k · r_k
 *
 * Written entry by entry, as the definitions read, because it is what the kernels are checked against.
 */
import type { ParameterValues, Values } from '../kernels/kernel-set.ts';
import {
  type Connection,
  convolvedShape,
  type LayerShape,
  lastSettlingLayer,
  type NetworkDescription,
  unitsOf,
} from '../kernels/network.ts';

/** `emitted[k]` is what layer k shows its neighbours. A softmax read-out takes no part. */
export function interaction(
  network: NetworkDescription,
  parameters: ParameterValues,
  emitted: readonly Float64Array[],
): number {
  let sum = 0;
  network.connections.forEach((connection, k) => {
    if (connection.to > lastSettlingLayer(network)) return;
    sum += dot(
      emitted[connection.to],
      transmitted(network, connection, parameters.weights[k], emitted[connection.from]),
    );
  });
  for (let layer = 1; layer <= lastSettlingLayer(network); layer++) {
    sum += dot(emitted[layer], spreadBiases(network, layer, parameters));
  }
  return sum;
}

/** b_k + Σ_{→ k} P(W ∗ r_from): what reaches layer k from below. */
export function upwardDrive(
  network: NetworkDescription,
  parameters: ParameterValues,
  emitted: readonly Float64Array[],
  layer: number,
): Float64Array {
  const drive = spreadBiases(network, layer, parameters);
  network.connections.forEach((connection, k) => {
    if (connection.to !== layer) return;
    const part = transmitted(network, connection, parameters.weights[k], emitted[connection.from]);
    for (let i = 0; i < drive.length; i++) drive[i] += part[i];
  });
  return drive;
}

function spreadBiases({ layers }: NetworkDescription, layer: number, { biases }: ParameterValues): Float64Array {
  const positions = layers[layer][1] * layers[layer][2];
  return Float64Array.from({ length: unitsOf(layers[layer]) }, (_, i) => biases[layer - 1][Math.floor(i / positions)]);
}

/** P(W ∗ below), [units of the layer above]. */
function transmitted(
  { layers }: NetworkDescription,
  connection: Connection,
  weights: Values,
  below: Float64Array,
): Float64Array {
  const above = layers[connection.to];
  if (connection.kind === 'dense') {
    const size = unitsOf(above);
    return Float64Array.from({ length: size }, (_, j) =>
      below.reduce((sum, x, i) => sum + x * weights[i * size + j], 0),
    );
  }
  const { convolved, pooled } = convolvedShape(layers[connection.from], above[0], connection);
  const z = convolve(connection, weights, below, layers[connection.from], convolved);
  const { pooling } = connection;
  if (pooling === undefined) return z;
  return Float64Array.from({ length: unitsOf(pooled) }, (_, i) => {
    const [channel, row, column] = placeOf(i, pooled);
    const window = Array.from({ length: pooling.size ** 2 }, (__, w) => {
      const y = row * pooling.size + Math.floor(w / pooling.size);
      const x = column * pooling.size + (w % pooling.size);
      return z[indexOf(channel, y, x, convolved)];
    });
    return pooledValue(pooling.kind, window);
  });
}

function convolve(
  { kernelSize, stride, padding }: Extract<Connection, { kind: 'convolution' }>,
  weights: Values,
  below: Float64Array,
  belowShape: LayerShape,
  convolved: LayerShape,
): Float64Array {
  const [channels, height, width] = belowShape;
  return Float64Array.from({ length: unitsOf(convolved) }, (_, i) => {
    const [out, row, column] = placeOf(i, convolved);
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      for (let v = 0; v < kernelSize; v++) {
        for (let u = 0; u < kernelSize; u++) {
          const y = row * stride + v - padding;
          const x = column * stride + u - padding;
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const weight = weights[((out * channels + channel) * kernelSize + v) * kernelSize + u];
          sum += weight * below[indexOf(channel, y, x, belowShape)];
        }
      }
    }
    return sum;
  });
}

function pooledValue(kind: 'max' | 'average' | 'softmax', window: readonly number[]): number {
  switch (kind) {
    case 'max':
      return Math.max(...window);
    case 'average':
      return window.reduce((sum, z) => sum + z, 0) / window.length;
    case 'softmax': {
      const top = Math.max(...window);
      const total = window.reduce((sum, z) => sum + Math.exp(z - top), 0);
      return window.reduce((sum, z) => sum + (Math.exp(z - top) / total) * z, 0);
    }
    default:
      kind satisfies never;
      throw new Error('unreachable pooling');
  }
}

function placeOf(index: number, [, height, width]: LayerShape): [channel: number, row: number, column: number] {
  return [Math.floor(index / (height * width)), Math.floor(index / width) % height, index % width];
}

function indexOf(channel: number, row: number, column: number, [, height, width]: LayerShape): number {
  return (channel * height + row) * width + column;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}
