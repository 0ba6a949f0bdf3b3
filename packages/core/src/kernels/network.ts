/**
 * A network as kernels see it: layers of units, connections between them, and the rule by which states move.
 *
 * Layer 0 is clamped to the input. Shapes are [channels, height, width]; a dense layer of n units is [n, 1, 1].
 */
import type { Activation } from '../activations/activation.ts';
import { type ActivationName, activationNamed } from '../activations/catalogue.ts';

export type LayerShape = readonly [channels: number, height: number, width: number];

export interface Pooling {
  readonly kind: 'max' | 'average' | 'softmax';
  /** Side of the square window, which is also its stride; rows and columns that fill no window are dropped. */
  readonly size: number;
}

/**
 * P(w ∗ s): convolution, then pooling if any. It lets a layer drive one above it, and by its transpose the other way.
 * A skip is a connection that passes over layers.
 */
export type Connection =
  /** Weights [units of `from`, units of `to`]. */
  | {
      readonly kind: 'dense';
      readonly from: number;
      readonly to: number;
      /**
       * Which way it carries drive; absent: both. A connection that only goes up has no feedback weights, one that only goes
       * down has nothing else, which takes a network whose feedback is separate.
       */
      readonly direction?: 'up' | 'down';
    }
  /** Weights [channels of `to`, channels of `from`, kernelSize, kernelSize]. */
  | {
      readonly kind: 'convolution';
      readonly from: number;
      readonly to: number;
      readonly kernelSize: number;
      readonly stride: number;
      readonly padding: number;
      readonly pooling: Pooling | undefined;
    };

export type Dynamics =
  /** s ← clip(s − ε ∂F/∂s) for the deep Hopfield energy. */
  | { readonly kind: 'energy-gradient'; readonly stepSize: number }
  /**
   * s ← (1 − ε) s + ε σ(drive). The nudge acts inside σ (cost C) or is added outside it (cost C̃ with dC̃/do = (o − y)/σ').
   */
  | { readonly kind: 'discrete-map'; readonly stepSize: number; readonly nudge: 'inside' | 'outside' }
  /** s ← s − ε ∂F/∂s for the energy of prediction errors, ½ Σ ‖s_k − (W ρ(s_below) + b)‖². */
  | { readonly kind: 'prediction-error'; readonly stepSize: number }
  /** One sweep upwards, each layer's input scaled to unit mean square: layers learn by their own goodness. */
  | { readonly kind: 'goodness'; readonly threshold: number };

export interface NetworkDescription {
  /** Input first; at least two. */
  readonly layers: readonly LayerShape[];
  /** Ordered by `to`, then `from`; every layer but the input is driven by at least one from below. */
  readonly connections: readonly Connection[];
  readonly activation: ActivationName;
  /** Of the last layer that settles. */
  readonly outputActivation: ActivationName;
  readonly dynamics: Dynamics;
  /** Whether units drive those below through the same weights or through a second set of their own. */
  readonly feedback: 'symmetric' | 'separate';
  /**
   * `squared-error`: the last layer settles with the rest, C = ½‖y − o‖². `softmax-cross-entropy`: the last layer is
   * p = softmax(W s + b) of the layer below it, outside the dynamics, and C = −Σ y ln p nudges that layer.
   */
  readonly readout: 'squared-error' | 'softmax-cross-entropy';
}

export function unitsOf([channels, height, width]: LayerShape): number {
  return channels * height * width;
}

/** Number of the last layer that settles: the one before a softmax read-out, otherwise the last. */
export function lastSettlingLayer({ layers, readout }: NetworkDescription): number {
  return readout === 'softmax-cross-entropy' ? layers.length - 2 : layers.length - 1;
}

/** Outputs that settle with the rest have an activation of their own. */
export function activationOf(network: NetworkDescription, layer: number): Activation {
  const isOutput = network.readout === 'squared-error' && layer === network.layers.length - 1;
  return activationNamed(isOutput ? network.outputActivation : network.activation);
}

/** Shape of a connection's weights, up as well as down. */
export function weightShape({ layers }: NetworkDescription, connection: Connection): readonly number[] {
  const below = layers[connection.from];
  const above = layers[connection.to];
  return connection.kind === 'dense'
    ? [unitsOf(below), unitsOf(above)]
    : [above[0], below[0], connection.kernelSize, connection.kernelSize];
}

/** Biases of a layer: one a channel, which is one a unit where the layer is dense. */
export function biasCount(shape: LayerShape): number {
  return shape[0];
}

/** Whether both ends of a connection settle: one is neither the input nor the read-out. */
export function joinsSettlingLayers(network: NetworkDescription, { from, to }: Connection): boolean {
  return from > 0 && to <= lastSettlingLayer(network);
}

/** Whether a connection carries drive upwards, for which it has weights of shape `weightShape`; otherwise it has none. */
export function feedsForward(connection: Connection): boolean {
  return connection.kind !== 'dense' || connection.direction !== 'down';
}

/**
 * Whether a connection also carries drive downwards: not into the input, not out of the read-out. Where feedback is
 * separate it has feedback weights of shape `weightShape` if it does, otherwise none.
 */
export function feedsBack(network: NetworkDescription, connection: Connection): boolean {
  const leadsUpOnly = connection.kind === 'dense' && connection.direction === 'up';
  return !leadsUpOnly && joinsSettlingLayers(network, connection);
}

/** Shape of what a convolution gives, before and after pooling; throws RangeError when nothing is left. */
export function convolvedShape(
  [, height, width]: LayerShape,
  channels: number,
  connection: Extract<Connection, { kind: 'convolution' }>,
): { readonly convolved: LayerShape; readonly pooled: LayerShape } {
  const { kernelSize, stride, padding, pooling } = connection;
  const side = (length: number) => Math.floor((length + 2 * padding - kernelSize) / stride) + 1;
  const convolved: LayerShape = [channels, side(height), side(width)];
  const size = pooling?.size ?? 1;
  const pooled: LayerShape = [channels, Math.floor(convolved[1] / size), Math.floor(convolved[2] / size)];
  if (pooled[1] < 1 || pooled[2] < 1) {
    throw new RangeError(`a convolution of ${kernelSize} x ${kernelSize} leaves nothing of ${height} x ${width}`);
  }
  return { convolved, pooled };
}

/** Refuses, with a RangeError that names the fault, a description that no kernel set can run. */
export function checkNetwork(network: NetworkDescription): void {
  const { layers, connections, dynamics, readout } = network;
  if (layers.length < 2) throw new RangeError('a network has at least an input and an output layer');
  if (readout === 'softmax-cross-entropy' && layers.length < 3) {
    throw new RangeError('a softmax read-out needs a layer that settles between input and read-out');
  }
  for (const size of layers.flat()) {
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`a layer has a whole number of units >= 1, got ${size}`);
  }
  for (const connection of connections) checkConnection(network, connection);
  const ordered = connections.every(({ from, to }, k) => {
    const before = connections[k - 1];
    return before === undefined || before.to < to || (before.to === to && before.from <= from);
  });
  if (!ordered) throw new RangeError('connections are ordered by the layer above, then by the layer below');
  const pairs = new Set(connections.map(({ from, to }) => `${from}-${to}`));
  if (pairs.size < connections.length) throw new RangeError('two layers are joined by one connection at most');
  for (let layer = 1; layer < layers.length; layer++) {
    if (!connections.some((connection) => connection.to === layer && feedsForward(connection))) {
      throw new RangeError(`layer ${layer} has nothing below it`);
    }
  }
  if ('stepSize' in dynamics && !(dynamics.stepSize > 0 && dynamics.stepSize <= 1)) {
    throw new RangeError(`the step size lies in (0, 1], got ${dynamics.stepSize}`);
  }
}

function checkConnection(network: NetworkDescription, connection: Connection): void {
  const { layers, readout } = network;
  const { from, to } = connection;
  if (!(from >= 0 && from < to && to < layers.length))
    throw new RangeError(`no connection leads from ${from} to ${to}`);
  const last = layers.length - 1;
  if (readout === 'softmax-cross-entropy' && to === last && (from !== last - 1 || connection.kind !== 'dense')) {
    throw new RangeError('a softmax read-out is dense and reads the layer below it only');
  }
  if (connection.kind === 'dense') {
    if (connection.direction !== 'down') return;
    if (network.feedback === 'symmetric') {
      throw new RangeError(`only feedback that is separate leads down alone, as from ${to} to ${from}`);
    }
    if (!feedsBack(network, connection)) throw new RangeError(`nothing leads down from ${to} to ${from}`);
    return;
  }
  const { kernelSize, stride, padding, pooling } = connection;
  for (const size of [kernelSize, stride, padding + 1, pooling?.size ?? 1]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError('kernel size, stride and pooling of a convolution are whole numbers >= 1, padding >= 0');
    }
  }
  if (network.feedback === 'separate' && connection.pooling !== undefined) {
    throw new RangeError('separate feedback weights do not go back through a pooling');
  }
  const { pooled } = convolvedShape(layers[from], layers[to][0], connection);
  if (pooled.join() !== layers[to].join()) {
    throw new RangeError(`layer ${to} is [${layers[to].join(', ')}], its convolution gives [${pooled.join(', ')}]`);
  }
}

/** Dense layers in a chain. */
export function denseChain(layerSizes: readonly number[]): Pick<NetworkDescription, 'layers' | 'connections'> {
  return {
    layers: layerSizes.map((size): LayerShape => [size, 1, 1]),
    connections: layerSizes.slice(1).map((_, k): Connection => ({ kind: 'dense', from: k, to: k + 1 })),
  };
}
