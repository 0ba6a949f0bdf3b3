/**
 * The contract behind which all numerics run: a kernel set turns a network's description into whole-phase operations.
 *
 * A call does a whole phase for a whole batch, never one tensor operation: states then stay in cache from the first
 * relaxation step to the last. `reference/` is plain TypeScript in float64, runs every network, and is the test of every
 * other set; the others name the features that they have.
 *
 * Shapes: inputs [batch, units of layer 0], labels [batch, units of the last layer], states of layer k [batch, units k],
 * weights and biases as ./network.ts says.
 */
import type { Arena } from '../tensor/arena.ts';
import type { Complex } from '../tensor/complex.ts';
import { biasCount, feedsBack, type NetworkDescription, weightShape } from './network.ts';

/** A place for the states of a batch, numbered from 0. */
export type Slot = number;

/**
 * How one relaxation step visits the layers. `synchronous`: all at once. `even-odd`: odd layers, then even ones with
 * their neighbours' fresh states. `anderson`: even-odd sweeps, extrapolated per sample from the last few.
 * `feed-forward`: one sweep upwards without feedback, whatever the number of steps.
 */
export type Schedule = 'synchronous' | 'even-odd' | 'anderson' | 'feed-forward';

/** What the label does to the outputs during a phase. */
export type Teaching =
  /** A free phase: the label is not looked at. */
  | { readonly kind: 'none' }
  /** The energy is E + βC. */
  | { readonly kind: 'nudge'; readonly beta: number | Complex }
  /** The same, with the force (Jᵀ − J)(s − s⁰) added, s⁰ the states in `about`: for networks that are not reciprocal. */
  | { readonly kind: 'nudge-corrected'; readonly beta: number; readonly about: Slot }
  /** Outputs are held at o + fraction · (y − o), o those of the `from` slot. */
  | { readonly kind: 'hold'; readonly fraction: number };

export interface Phase {
  readonly from: Slot | 'zeros';
  /** Another slot than `from`. */
  readonly into: Slot;
  readonly schedule: Schedule;
  readonly teaching: Teaching;
  /** Steps at most, >= 1. */
  readonly steps: number;
  /** Ends the phase after the first step whose residual is smaller; 0 does all steps. */
  readonly tolerance: number;
  /** Steps at least, whatever the tolerance. */
  readonly leastSteps: number;
  /** Whether a stop request ends the phase; not once parameters have moved within a batch, which must then be finished. */
  readonly interruptible: boolean;
}

export type SettleReport =
  /** `residual`: the largest |s(last) − s(last but one)| / step size. */
  | {
      readonly kind: 'settled';
      readonly steps: number;
      readonly residual: number;
      readonly reason: 'tolerance' | 'steps';
    }
  /** A state became NaN or infinite: where first. Infinite weights may only saturate a unit and do not show here. */
  | { readonly kind: 'not-finite'; readonly layer: number; readonly step: number }
  /** The control block asked to stop in mid-phase; the slot's states are not to be used. */
  | { readonly kind: 'stopped' };

/**
 * c · Σ_samples below ⊗ above, for every connection from the layer below in slot `below` to the layer above in slot
 * `above`, and c · Σ_samples above for biases; of a complex product the real part counts. `feedback` moves the second
 * set of weights of a network that has one, and no biases.
 */
export interface ContrastTerm {
  readonly below: Slot;
  readonly above: Slot;
  readonly coefficient: number | Complex;
  readonly weights: 'feedforward' | 'feedback';
}

/** A gradient as a sum of products of states: ĝ = Σ terms, summed over the batch. */
export interface Contrast {
  readonly terms: readonly ContrastTerm[];
  /** Slot whose states give the gradient of a softmax read-out's own weights, s ⊗ (p − y); undefined leaves them out. */
  readonly readoutAt: Slot | undefined;
}

export type Values = Float32Array | Float64Array;

/** Parameters outside the arena, unpadded. */
export interface ParameterValues {
  /** One per connection. */
  readonly weights: readonly Values[];
  /** `biases[k]` belongs to layer k + 1. */
  readonly biases: readonly Values[];
  /** One per connection where feedback is separate, empty for those that carry none; `[]` where it is symmetric. */
  readonly feedback: readonly Values[];
}

/** One tensor of parameters where the kernels read it: written in place by optimizers, entry by entry. */
export interface ParameterTensor {
  readonly kind: 'weights' | 'biases' | 'feedback';
  /** Of the connection, or of the layer whose biases these are. */
  readonly index: number;
  /** May be padded with zeros that must stay zero. */
  readonly values: Values;
  /** As many as the workspace has `parameterBuffers`, all of the length of `values`; the first takes gradients. */
  readonly buffers: readonly Values[];
}

/** What is laid out for a training besides the parameters. */
export interface Workspace {
  readonly batchCapacity: number;
  readonly slots: number;
  /** Copies of all parameters: 0, or 1 for gradients and more for what an optimizer remembers. */
  readonly parameterBuffers: number;
  /** Whether slots hold complex states. */
  readonly complexStates: boolean;
  /** Whether phases will use the schedule `anderson`, which remembers a few sweeps. */
  readonly anderson: boolean;
}

export interface NetworkKernels {
  readonly network: NetworkDescription;
  readonly workspace: Workspace;
  /** Rows of `inputs` for the next batch, [batchCapacity, units of layer 0]; the caller fills them, then calls `clamp`. */
  readonly inputs: Values;
  /** Rows of labels for the next batch, [batchCapacity, labelStride]; entries beyond the layer's size stay zero. */
  readonly labels: Values;
  readonly labelStride: number;
  /** Weights by connection, biases by layer, feedback weights by connection. */
  readonly parameters: readonly ParameterTensor[];
  /**
   * Takes the first `samples` rows of inputs and labels as the batch and computes the input's drive. To be called again
   * once rows or parameters have changed: whether a batch clamped before a change settles with old or new is not said.
   */
  clamp(samples: number): void;
  settle(phase: Phase): SettleReport;
  /** Adds a contrast to the gradients: buffer 0 of every parameter. */
  addToGradients(contrast: Contrast): void;
  /** Adds scale · contrast to the parameters themselves, one scale per entry of `parameters`. */
  addToParameters(contrast: Contrast, scales: readonly number[]): void;
  /**
   * Backpropagation through one upward sweep, the states of which are in `at`: ∂C/∂(drive) of every layer into `into`.
   * Where feedback is separate, errors go down through the feedback weights instead, which is feedback alignment. Feature
   * `error-propagation`.
   */
  propagateErrors(at: Slot, into: Slot): void;
  /** ∂C/∂s of the last settling layer at the states of `at` into `into`, zero in all other layers. Feature `adjoint`. */
  costGradient(at: Slot, into: Slot): void;
  /**
   * One step of backpropagation through time: `adjoint` holds ∂L/∂s after a synchronous step from the states of `at`;
   * `into` takes ∂L/∂s before it, and the gradients grow by what the step's own use of the parameters contributes.
   * Feature `adjoint`.
   */
  adjointStep(at: Slot, adjoint: Slot, into: Slot): void;
  /**
   * (upper − lower) ⊙ σ'(drive at `at`) into `into`: the response that a non-reciprocal network's gradient is made of.
   * Feature `separate-feedback`.
   */
  response(at: Slot, lower: Slot, upper: Slot, into: Slot): void;
  /**
   * ∂/∂(drive) of every layer's own loss ln(1 + e^(∓(goodness − threshold))), − for a sample that is `real`, at the
   * states of `at` into `into`; returns the losses' sum. Feature `goodness`.
   */
  goodnessErrors(at: Slot, into: Slot, real: boolean): number;
  /** A copy of the real part of layer k's states in a slot, [samples, units k]. */
  readStates(slot: Slot, layer: number): Float64Array;
  /** Replaces the states of layer k >= 1 in a slot, [samples, units k]. */
  writeStates(slot: Slot, layer: number, states: Values): void;
  readParameters(): ParameterValues;
  /** Replaces all parameters. Throws RangeError when a shape does not fit. */
  writeParameters(parameters: ParameterValues): void;
  readBuffer(buffer: number): ParameterValues;
  writeBuffer(buffer: number, values: ParameterValues): void;
}

/** What a network or an estimator may ask of a kernel set beyond dense chains that settle step by step. */
export type KernelFeature =
  | 'convolution'
  | 'skip'
  | 'softmax-read-out'
  | 'separate-feedback'
  | 'mixed-activations'
  | 'damped-map'
  | 'prediction-error'
  | 'goodness'
  | 'complex-states'
  | 'held-outputs'
  | 'even-odd'
  | 'anderson'
  | 'feed-forward'
  | 'error-propagation'
  | 'adjoint'
  | `activation ${string}`;

export interface KernelSet {
  readonly name: 'reference' | 'wasm';
  readonly elementType: 'float32' | 'float64';
  /** Features that it lacks of those asked for, in words for a log line; empty when it can run them all. */
  missing(network: NetworkDescription, asked: readonly KernelFeature[]): readonly KernelFeature[];
  /** Bytes of arena that `build` will take for this network. */
  predictBytes(network: NetworkDescription, workspace: Workspace): number;
  /** Lays a network out. All parameters start at zero. */
  build(network: NetworkDescription, workspace: Workspace, arena: Arena): NetworkKernels;
}

/** Refuses slots that the workspace does not have. */
export function checkSlots({ slots }: Workspace, asked: readonly Slot[]): void {
  for (const slot of asked) {
    if (!(Number.isInteger(slot) && slot >= 0 && slot < slots)) {
      throw new RangeError(`a workspace of ${slots} slots has no slot ${slot}`);
    }
  }
}

/** Refuses parameters whose shapes are not the network's. */
export function checkParameters(network: NetworkDescription, { weights, biases, feedback }: ParameterValues): void {
  const { connections, layers } = network;
  const expected = {
    weights: connections.map((connection) => product(weightShape(network, connection))),
    biases: layers.slice(1).map(biasCount),
    feedback:
      network.feedback === 'symmetric'
        ? []
        : connections.map((c) => (feedsBack(network, c) ? product(weightShape(network, c)) : 0)),
  };
  const given = { weights, biases, feedback };
  for (const kind of ['weights', 'biases', 'feedback'] as const) {
    const lengths = given[kind].map((values) => values.length);
    if (lengths.join() !== expected[kind].join()) {
      throw new RangeError(`${kind} have [${lengths.join(', ')}] of [${expected[kind].join(', ')}] entries`);
    }
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((entries, size) => entries * size, 1);
}
