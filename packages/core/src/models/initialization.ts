/**
 * Initial parameters by name, drawn from the job's `init` stream, one sub-stream per tensor.
 *
 *   name              weights of a connection, times its gain      biases
 *   glorot-uniform    uniform on ±√(6 / (n_in + n_out))            0
 *   glorot-normal     normal, deviation √(2 / (n_in + n_out))      0
 *   kaiming-uniform   uniform on ±√(6 / n_in)                      0
 *   kaiming-normal    normal, deviation √(2 / n_in)                0
 *   fan-in-uniform    uniform on ±1 / √n_in                        uniform on ±biasGain / √n_in
 *
 * A dense connection has n_in units below and n_out above; a convolution n_in = channels below · kernelSize² and n_out =
 * channels above · kernelSize². Biases go by the n_in of the connection that comes from nearest below their layer.
 *
 * Glorot & Bengio (AISTATS 2010); He, Zhang, Ren & Sun (ICCV 2015), written for rectifiers. `fan-in-uniform` is the default
 * of the framework of the 2019 and 2021 authors, with gains that of Scellier et al. (NeurIPS 2023).
 */
import type { ParameterValues } from '../kernels/kernel-set.ts';
import {
  biasCount,
  type Connection,
  feedsBack,
  feedsForward,
  type NetworkDescription,
  weightShape,
} from '../kernels/network.ts';
import type { RandomStream } from '../tensor/random.ts';

export interface InitializationDescription {
  readonly name: InitializationName;
  /** One per connection, finite and > 0; `[]` for all 1. */
  readonly gains: readonly number[];
  /** Of biases that are not 0; 1 unless given, and 0 gives none. */
  readonly biasGain?: number;
  /** Whether weights become ±α, α the mean magnitude of what was drawn for their connection. */
  readonly binary: boolean;
}

interface Law {
  readonly shape: 'uniform' | 'normal';
  /** Bound of a uniform law, standard deviation of a normal one. */
  readonly spread: (fanIn: number, fanOut: number) => number;
  readonly biases: 'zero' | 'drawn';
}

const LAWS = {
  'glorot-uniform': { shape: 'uniform', spread: (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)), biases: 'zero' },
  'glorot-normal': { shape: 'normal', spread: (fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut)), biases: 'zero' },
  'kaiming-uniform': { shape: 'uniform', spread: (fanIn) => Math.sqrt(6 / fanIn), biases: 'zero' },
  'kaiming-normal': { shape: 'normal', spread: (fanIn) => Math.sqrt(2 / fanIn), biases: 'zero' },
  'fan-in-uniform': { shape: 'uniform', spread: (fanIn) => 1 / Math.sqrt(fanIn), biases: 'drawn' },
} as const satisfies Record<string, Law>;

export type InitializationName = keyof typeof LAWS;

/**
 * Values are rounded to float32, so that every kernel set starts from the same numbers. Feedback weights follow the law of
 * the forward weights of their connection and stay real when those are binary. Throws RangeError on gains that do not fit.
 */
export function initialParameters(
  description: InitializationDescription,
  network: NetworkDescription,
  stream: RandomStream,
): ParameterValues {
  const { name, gains, biasGain = 1, binary } = description;
  const { connections, layers } = network;
  checkGains(gains, biasGain, connections.length);
  const law: Law = LAWS[name];
  const spreads = connections.map((connection, k) => {
    const { fanIn, fanOut } = fansOf(network, connection);
    return (gains[k] ?? 1) * law.spread(fanIn, fanOut);
  });
  const tensor = (part: 'weights' | 'feedback', k: number) =>
    draw(law.shape, spreads[k], entriesOf(network, connections[k]), stream.split(part).split(k));
  const biases = (layer: number) => {
    const length = biasCount(layers[layer]);
    // Connections are ordered by where they come from: a skip is never the last.
    const nearest = connections.findLast((connection) => connection.to === layer && feedsForward(connection));
    if (law.biases === 'zero' || nearest === undefined) return new Float32Array(length);
    const { fanIn, fanOut } = fansOf(network, nearest);
    return draw(law.shape, biasGain * law.spread(fanIn, fanOut), length, stream.split('biases').split(layer - 1));
  };
  const weights = connections.map((connection, k) =>
    feedsForward(connection) ? tensor('weights', k) : new Float32Array(0),
  );
  return {
    weights: binary ? weights.map(binarized) : weights,
    biases: layers.slice(1).map((_, k) => biases(k + 1)),
    feedback:
      network.feedback === 'symmetric'
        ? []
        : connections.map((connection, k) =>
            feedsBack(network, connection) ? tensor('feedback', k) : new Float32Array(0),
          ),
  };
}

/** ±α, α the mean magnitude of `values` and the signs theirs, + where there is none (Laydevant et al., CVPRW 2021). */
function binarized(values: Float32Array): Float32Array {
  const magnitude = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  return values.map((value) => (value < 0 ? -magnitude : magnitude));
}

function draw(shape: Law['shape'], spread: number, length: number, entries: RandomStream): Float32Array {
  return Float32Array.from({ length }, (_, i) =>
    shape === 'uniform' ? (2 * entries.uniform(i) - 1) * spread : normal(entries, i) * spread,
  );
}

/** The `index`-th standard normal number: Box & Muller's pair of draws 2⌊index / 2⌋ and the next gives two of them. */
function normal(entries: RandomStream, index: number): number {
  const first = index - (index % 2);
  // 1 − u lies in (0, 1], where the logarithm is finite.
  const radius = Math.sqrt(-2 * Math.log(1 - entries.uniform(first)));
  const angle = 2 * Math.PI * entries.uniform(first + 1);
  return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}

function fansOf(
  network: NetworkDescription,
  connection: Connection,
): { readonly fanIn: number; readonly fanOut: number } {
  const [first, second, ...window] = weightShape(network, connection);
  if (connection.kind === 'dense') return { fanIn: first, fanOut: second };
  const area = window.reduce((entries, side) => entries * side, 1);
  return { fanIn: second * area, fanOut: first * area };
}

function entriesOf(network: NetworkDescription, connection: Connection): number {
  return weightShape(network, connection).reduce((entries, size) => entries * size, 1);
}

function checkGains(gains: readonly number[], biasGain: number, connections: number): void {
  if (gains.length !== 0 && gains.length !== connections) {
    throw new RangeError(`gains: ${connections} connections need as many, or none, got ${gains.length}`);
  }
  gains.forEach((gain, k) => {
    if (!(gain > 0 && Number.isFinite(gain))) throw new RangeError(`gains[${k}] is finite and > 0, got ${gain}`);
  });
  if (!(biasGain >= 0 && Number.isFinite(biasGain))) {
    throw new RangeError(`biasGain is finite and >= 0, got ${biasGain}`);
  }
}
