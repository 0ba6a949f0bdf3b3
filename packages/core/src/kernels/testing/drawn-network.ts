/** Networks, parameters and batches for tests, every number of them from a random stream. */
import { type ActivationName, activationNamed } from '../../activations/catalogue.ts';
import { type Arena, createArenaMemory, openArena } from '../../tensor/arena.ts';
import { type RandomStream, randomStream } from '../../tensor/random.ts';
import type { KernelSet, NetworkKernels, ParameterValues, Phase, SettleReport, Workspace } from '../kernel-set.ts';
import {
  biasCount,
  type Connection,
  feedsBack,
  feedsForward,
  type LayerShape,
  lastSettlingLayer,
  type NetworkDescription,
  type Pooling,
  unitsOf,
  weightShape,
} from '../network.ts';
import { referenceKernels } from '../reference/reference-kernels.ts';

export type Graph = Pick<NetworkDescription, 'layers' | 'connections'>;

const shape = (units: number): LayerShape => [units, 1, 1];
const dense = (from: number, to: number, direction?: 'up' | 'down'): Connection => ({
  kind: 'dense',
  from,
  to,
  ...(direction === undefined ? {} : { direction }),
});

function convolution(
  [from, to]: readonly [from: number, to: number],
  [kernelSize, stride, padding]: readonly [kernelSize: number, stride: number, padding: number],
  kind: Pooling['kind'] | undefined,
): Connection {
  const pooling = kind === undefined ? undefined : { kind, size: 2 };
  return { kind: 'convolution', from, to, kernelSize, stride, padding, pooling };
}

/** A convolution whose last row and column fill no window of the pooling, one with a stride, skips of both kinds. */
function pooled(kind: Pooling['kind'] | undefined): Graph {
  const [rows, columns] = kind === undefined ? [5, 5] : [2, 2];
  return {
    layers: [
      [2, 5, 5],
      [3, rows, columns],
      [2, kind === undefined ? 3 : 1, kind === undefined ? 3 : 1],
      shape(4),
      shape(3),
    ],
    connections: [
      convolution([0, 1], [3, 1, 1], kind),
      convolution([1, 2], kind === undefined ? [3, 2, 1] : [2, 2, 0], undefined),
      dense(0, 3),
      dense(1, 3),
      dense(2, 3),
      dense(3, 4),
    ],
  };
}

/** Small graphs of every kind that a network can be. */
export const GRAPHS = {
  'dense chain': { layers: [3, 4, 5, 3].map(shape), connections: [dense(0, 1), dense(1, 2), dense(2, 3)] },
  'dense skips': {
    layers: [3, 4, 4, 5, 2].map(shape),
    connections: [dense(0, 1), dense(1, 2), dense(0, 3), dense(1, 3), dense(2, 3), dense(3, 4)],
  },
  convolution: pooled(undefined),
  'max pooling': pooled('max'),
  'average pooling': pooled('average'),
  'softmax pooling': pooled('softmax'),
  // A residual block: 3 x 3, 3 x 3 with stride 2, and a skip of 1 x 1 with stride 2 over both; then a pooling in mid-net.
  'residual block': {
    layers: [[1, 4, 4], [2, 4, 4], [3, 4, 4], [2, 2, 2], [2, 1, 1], shape(3)],
    connections: [
      convolution([0, 1], [3, 1, 1], undefined),
      convolution([1, 2], [3, 1, 1], undefined),
      convolution([1, 3], [1, 2, 0], undefined),
      convolution([2, 3], [3, 2, 1], undefined),
      convolution([3, 4], [3, 1, 1], 'softmax'),
      dense(4, 5),
    ],
  },
} as const satisfies Record<string, Graph>;

/** Residual and top-down links that lead one way only; for feedback that is separate. */
export const ONE_WAY: Graph = {
  layers: [3, 4, 5, 4, 2].map(shape),
  connections: [
    dense(0, 1),
    dense(1, 2),
    dense(1, 3, 'up'),
    dense(2, 3),
    dense(0, 4),
    dense(1, 4, 'down'),
    dense(2, 4, 'down'),
    dense(3, 4, 'up'),
  ],
};

export type GraphName = keyof typeof GRAPHS;

export const GRAPH_NAMES: readonly GraphName[] = [
  'dense chain',
  'dense skips',
  'convolution',
  'max pooling',
  'average pooling',
  'softmax pooling',
  'residual block',
];

export function isPooled(name: GraphName): boolean {
  return GRAPHS[name].connections.some((connection) => connection.kind === 'convolution' && connection.pooling);
}

/** A graph with one activation, squared error and symmetric feedback, unless told otherwise. */
export function networkOn(
  graph: Graph,
  activation: ActivationName,
  dynamics: NetworkDescription['dynamics'],
  others: Partial<NetworkDescription> = {},
): NetworkDescription {
  return {
    layers: graph.layers,
    connections: graph.connections,
    activation,
    outputActivation: activation,
    dynamics,
    feedback: 'symmetric',
    readout: 'squared-error',
    ...others,
  };
}

/** Uniform on [low, high). */
export function uniforms(stream: RandomStream, length: number, low: number, high: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => low + (high - low) * stream.uniform(i));
}

/** Weights within ± gain / √(entries that one unit sums over), biases within ± `biasBound`; rounded to float32. */
export function drawnParameters(
  network: NetworkDescription,
  stream: RandomStream,
  gain: number,
  biasBound = 0.3,
): ParameterValues {
  const round = (values: Float64Array) => values.map(Math.fround);
  const tensor = (part: string, connection: Connection, k: number) => {
    const sizes = weightShape(network, connection);
    const entries = sizes.reduce((product, size) => product * size, 1);
    const fanIn = connection.kind === 'dense' ? sizes[0] : entries / sizes[0];
    return round(uniforms(stream.split(part).split(k), entries, -gain / Math.sqrt(fanIn), gain / Math.sqrt(fanIn)));
  };
  return {
    weights: network.connections.map((connection, k) =>
      feedsForward(connection) ? tensor('weights', connection, k) : new Float64Array(0),
    ),
    biases: network.layers.slice(1).map((layer, k) => {
      return round(uniforms(stream.split('biases').split(k), biasCount(layer), -biasBound, biasBound));
    }),
    feedback:
      network.feedback === 'symmetric'
        ? []
        : network.connections.map((connection, k) =>
            feedsBack(network, connection) ? tensor('feedback', connection, k) : new Float64Array(0),
          ),
  };
}

/** One sample's states, [layer][unit], a little inside the range of each activation; the input first. */
export function drawnStates(network: NetworkDescription, stream: RandomStream): Float64Array[] {
  return network.layers.map((layer, k) => {
    const isOutput = k === lastSettlingLayer(network) && network.readout === 'squared-error';
    const { lowest, highest } = activationNamed(isOutput ? network.outputActivation : network.activation);
    const low = k === 0 ? -1 : Math.max(lowest, -1);
    const high = k === 0 ? 1 : Math.min(highest, 1.5);
    const margin = 0.05 * (high - low);
    return uniforms(stream.split('states').split(k), unitsOf(layer), low + margin, high - margin);
  });
}

export const ONE_SLOT: Workspace = {
  batchCapacity: 1,
  slots: 1,
  parameterBuffers: 1,
  complexStates: false,
  anderson: false,
};

export function arenaFor(set: KernelSet, network: NetworkDescription, workspace: Workspace): Arena {
  return openArena(createArenaMemory(set.predictBytes(network, workspace)));
}

export function build(
  set: KernelSet,
  network: NetworkDescription,
  workspace: Partial<Workspace> = {},
  arena?: Arena,
): NetworkKernels {
  const whole = { ...ONE_SLOT, ...workspace };
  return set.build(network, whole, arena ?? arenaFor(set, network, whole));
}

/** Fills `samples` rows from the stream and clamps them; the labels of a softmax read-out are one-hot. */
export function clampDrawn(kernels: NetworkKernels, samples: number, stream: RandomStream): void {
  const { layers, readout } = kernels.network;
  const inputUnits = unitsOf(layers[0]);
  const classes = unitsOf(layers[layers.length - 1]);
  for (let sample = 0; sample < samples; sample++) {
    const own = stream.split(sample);
    kernels.inputs.set(uniforms(own.split('inputs'), inputUnits, -1, 1).map(Math.fround), sample * inputUnits);
    const wanted =
      readout === 'squared-error'
        ? uniforms(own.split('labels'), classes, 0.1, 0.9).map(Math.fround)
        : new Float64Array(classes).fill(1, sample % classes, (sample % classes) + 1);
    kernels.labels.set(wanted, sample * kernels.labelStride);
  }
  kernels.clamp(samples);
}

/** Reference kernels with parameters and a full batch drawn from the seed. */
export function readyKernels(
  network: NetworkDescription,
  gain: number,
  seed: number,
  workspace: Partial<Workspace>,
): NetworkKernels {
  const stream = streamOf(seed);
  const kernels = build(referenceKernels, network, workspace);
  kernels.writeParameters(drawnParameters(network, stream, gain));
  clampDrawn(kernels, kernels.workspace.batchCapacity, stream);
  return kernels;
}

/** The whole phase, a free synchronous one from zeros into slot 0 where not told otherwise. */
export function phaseOf(phase: Partial<Phase>): Phase {
  return {
    from: 'zeros',
    into: 0,
    schedule: 'synchronous',
    teaching: { kind: 'none' },
    steps: 1,
    tolerance: 0,
    leastSteps: 1,
    interruptible: true,
    ...phase,
  };
}

export type Settled = Extract<SettleReport, { kind: 'settled' }>;

export function settled(kernels: NetworkKernels, phase: Partial<Phase>): Settled {
  const report = kernels.settle(phaseOf(phase));
  if (report.kind !== 'settled') throw new Error(`expected states to settle, got ${JSON.stringify(report)}`);
  return report;
}

/** States of all layers above the input in a slot. */
export function readSlot(kernels: NetworkKernels, slot: number): Float64Array[] {
  return kernels.network.layers.slice(1).map((_, k) => kernels.readStates(slot, k + 1));
}

export const streamOf = (seed: number): RandomStream => randomStream(seed, 'drawn');
