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
import type { Arena, ArenaMemory } from '../tensor/arena.ts';
import type { Complex } from '../tensor/complex.ts';
import {
  biasCount,
  feedsBack,
  feedsForward,
  lastSettlingLayer,
  type NetworkDescription,
  unitsOf,
  weightShape,
} from './network.ts';

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
  /** `residual`: the largest |s(last) − s(last but one)| / step size, the network's, whatever the rates of single units. */
  | {
      readonly kind: 'settled';
      readonly steps: number;
      readonly residual: number;
      readonly reason: 'tolerance' | 'steps';
    }
  /**
   * A state became NaN or infinite: at which step first, and which is the lowest layer that it was in then. Infinite weights
   * may only saturate a unit and do not show here.
   */
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
  /** One per connection, empty for those that only lead down. */
  readonly weights: readonly Values[];
  /** `biases[k]` belongs to layer k + 1. */
  readonly biases: readonly Values[];
  /** One per connection where feedback is separate, empty for those that carry none; `[]` where it is symmetric. */
  readonly feedback: readonly Values[];
}

/** Samples of a data set as lists of what is not zero in them, made once and shared by all who train on it. */
export interface ListedInputs {
  /** Entries of sample i lie from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** Number of the input unit, ascending within a sample. */
  readonly indices: Uint16Array | Uint32Array;
  readonly bytes: Uint8Array;
  /** [256], what a byte is worth; `levels[0]` is 0. */
  readonly levels: Values;
  /** The sample of each row of the batch, from `first` on. */
  readonly order: Uint32Array;
  readonly first: number;
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

/**
 * How single units of a layer settle: one number per unit each, [units], in the order of states.
 *
 *   drive = bias + input + fromBelow ⊙ Σ_{below} + fromAbove ⊙ Σ_{above}
 *
 * The clamped input's drive has no gain. Contrasts do not know of rates and gains.
 */
export interface UnitSettings {
  /** Step sizes: a neuron with time constant τ has dt / τ. In (0, 1]. */
  readonly rates: Values;
  /** Gain on what layers below drive, the feedforward gain. */
  readonly fromBelow: Values;
  /** Gain on what layers above drive, the feedback gain. */
  readonly fromAbove: Values;
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
   * once rows have changed, or `clampAgain` once parameters have: whether a batch clamped before a change settles with old
   * or new is not said. Until the next clamp rows stay as they are.
   */
  clamp(samples: number): void;
  /**
   * The same for inputs that are given by what is not zero in them, by rows of a data set; labels as for `clamp`. May leave
   * `inputs` as they were.
   */
  clampListed(samples: number, listed: ListedInputs): void;
  /** The inputs last clamped once more, in whichever way, with the present parameters and settings of units. */
  clampAgain(): void;
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
  /**
   * Replaces settings of single units of a settling layer, those that are given; `clampAgain` is due after it. Throws RangeError
   * on a wrong length or range, and where dynamics have no step size. Corrections, responses, adjoint steps and
   * propagated errors know no settings but those of `build` and throw RangeError under others.
   */
  setUnits(layer: number, settings: Partial<UnitSettings>): void;
  /** A copy of the real part of layer k's states in a slot, [samples, units k]. */
  readStates(slot: Slot, layer: number): Float64Array;
  /** The same into the first samples · units k entries of `into`. Throws RangeError when it is shorter. */
  readStatesInto(slot: Slot, layer: number, into: Float64Array): void;
  /** Replaces the states of layer k >= 1 in a slot, [samples, units k]. */
  writeStates(slot: Slot, layer: number, states: Values): void;
  readParameters(): ParameterValues;
  /** Replaces all parameters. Throws RangeError when a shape does not fit. */
  writeParameters(parameters: ParameterValues): void;
  readBuffer(buffer: number): ParameterValues;
  writeBuffer(buffer: number, values: ParameterValues): void;
  /** Ends the lanes; the kernels are not to be used any more. Idempotent. */
  release(): void;
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

/**
 * `wasm` gives the same bits on every machine; `native` with AVX-512 as with AVX2, not those of `wasm`. The two `native` sets
 * are the same kernels on float32 and float64.
 */
export type KernelSetName = 'reference' | 'wasm' | 'native' | 'native-float64';

/**
 * Threads that share the work of one training; the thread that calls the kernels is the first of them. No number of
 * lanes changes a bit of the results.
 */
export interface Lanes {
  /** >= 1. */
  readonly count: number;
  /**
   * Starts a thread that calls `serveLane` with these arguments (./wasm/lanes.ts); only sets that bring no threads of
   * their own ask for it. Absent where `count` is 1.
   */
  start?(service: LaneService): void;
}

/** Everything a started thread needs to know; can be posted to it. */
export interface LaneService {
  readonly memory: ArenaMemory;
  /** Where lanes and their caller meet. */
  readonly pointer: number;
  /** From 1. */
  readonly lane: number;
}

export const ONE_LANE: Lanes = { count: 1 };

export interface KernelSet {
  readonly name: KernelSetName;
  readonly elementType: 'float32' | 'float64';
  /** Features that it lacks of those asked for, in words for a log line; empty when it can run them all. */
  missing(network: NetworkDescription, asked: readonly KernelFeature[]): readonly KernelFeature[];
  /** Bytes of arena that `build` will take for this network. */
  predictBytes(network: NetworkDescription, workspace: Workspace): number;
  /** Lays a network out. All parameters start at zero, rates at the step size, gains at one. */
  build(network: NetworkDescription, workspace: Workspace, arena: Arena, lanes?: Lanes): NetworkKernels;
}

/** Refuses slots that the workspace does not have. */
export function checkSlots({ slots }: Workspace, asked: readonly Slot[]): void {
  for (const slot of asked) {
    if (!(Number.isInteger(slot) && slot >= 0 && slot < slots)) {
      throw new RangeError(`a workspace of ${slots} slots has no slot ${slot}`);
    }
  }
}

/** Refuses settings that a layer of the network cannot have. */
export function checkUnits(network: NetworkDescription, layer: number, settings: Partial<UnitSettings>): void {
  if (!('stepSize' in network.dynamics)) throw new RangeError(`units of ${network.dynamics.kind} have no settings`);
  if (!(Number.isInteger(layer) && layer >= 1 && layer <= lastSettlingLayer(network))) {
    throw new RangeError(`layer ${layer} does not settle`);
  }
  const units = unitsOf(network.layers[layer]);
  const { rates, fromBelow, fromAbove } = settings;
  for (const [name, values] of Object.entries({ rates, fromBelow, fromAbove })) {
    if (values === undefined) continue;
    if (values.length !== units) throw new RangeError(`${values.length} ${name} for ${units} units of layer ${layer}`);
    if (!values.every(Number.isFinite)) throw new RangeError(`${name} of layer ${layer} are not finite`);
  }
  if (rates !== undefined && !rates.every((rate: number) => rate > 0 && rate <= 1)) {
    throw new RangeError(`rates lie in (0, 1], some of layer ${layer} do not`);
  }
}

/** Refuses a batch that the workspace has no rows for. */
export function checkSamples({ batchCapacity }: Workspace, samples: number): void {
  if (!Number.isInteger(samples) || samples < 1 || samples > batchCapacity) {
    throw new RangeError(`a batch has 1 to ${batchCapacity} samples, got ${samples}`);
  }
}

/** Refuses rows that the order or the lists do not have. */
export function checkListed(samples: number, { order, first, offsets }: ListedInputs): void {
  if (!(Number.isInteger(first) && first >= 0 && first + samples <= order.length)) {
    throw new RangeError(`an order of ${order.length} samples has no ${samples} from ${first} on`);
  }
  for (let row = 0; row < samples; row++) {
    if (order[first + row] + 1 >= offsets.length) {
      throw new RangeError(`lists of ${offsets.length - 1} samples have no sample ${order[first + row]}`);
    }
  }
}

/** Refuses parameters whose shapes are not the network's. */
export function checkParameters(network: NetworkDescription, { weights, biases, feedback }: ParameterValues): void {
  const { connections, layers } = network;
  const expected = {
    weights: connections.map((c) => (feedsForward(c) ? product(weightShape(network, c)) : 0)),
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
