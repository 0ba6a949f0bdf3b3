/**
 * The contract behind which all numerics run: a kernel set turns a network's description into whole-phase operations.
 *
 * A call does a whole phase for a whole batch, never one tensor operation: states then stay in cache from the first
 * relaxation step to the last. `reference/` is plain TypeScript in float64 and is the test of every other set.
 *
 * Shapes: inputs [batch, size of layer 0], labels [batch, size of the last layer], states of layer k [batch, size k],
 * weights k [size k, size k + 1] between layers k and k + 1, biases k [size k] for k >= 1.
 */
import type { Arena } from '../tensor/arena.ts';

export type ActivationName = 'hard-sigmoid' | 'logistic' | 'tanh';

export type Dynamics =
  /** s ← clip(s − ε ∂F/∂s) for the deep Hopfield energy. */
  | { readonly kind: 'energy-gradient'; readonly stepSize: number }
  /** s ← σ(drive); the nudge acts inside σ (cost C) or is added outside it (cost C̃ with dC̃/do = (o − y)/σ'). */
  | { readonly kind: 'discrete-map'; readonly nudge: 'inside' | 'outside' };

/** Dense layers in a chain, the first clamped to the input. */
export interface NetworkDescription {
  /** Units per layer, input first; at least two layers. */
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  readonly dynamics: Dynamics;
}

/** Three places for a batch of states. */
export type StateSlot = 'free' | 'lower' | 'upper';

export interface Phase {
  /** Nudging strength; 0 is the free phase. */
  readonly beta: number;
  /** Relaxation steps, >= 1. */
  readonly steps: number;
  /** Where the states come from; `zeros` before a free phase. */
  readonly from: StateSlot | 'zeros';
  readonly into: StateSlot;
}

export type SettleReport =
  /**
   * All steps were done. `residual`: the largest |s(last) − s(last but one)| / step size, not finite when a state is not.
   * It does not vouch for parameters: an infinite weight may only saturate a unit, or meet zeros that a set leaves out.
   */
  | { readonly kind: 'settled'; readonly steps: number; readonly residual: number }
  /** The control block asked to stop in mid-phase; the slot's states are not to be used. */
  | { readonly kind: 'stopped' };

export interface NetworkKernels {
  readonly network: NetworkDescription;
  readonly batchCapacity: number;
  /** Rows of `inputs` for the next batch, [batchCapacity, size of layer 0]; the caller fills them, then calls `clamp`. */
  readonly inputs: Float32Array | Float64Array;
  /** Rows of labels for the next batch, [batchCapacity, labelStride]; entries beyond the layer's size stay zero. */
  readonly labels: Float32Array | Float64Array;
  readonly labelStride: number;
  /**
   * Takes the first `samples` rows of inputs and labels as the batch and computes the input's drive. To be called again
   * once rows or parameters have changed: whether a batch clamped before a change settles with old or new is not said.
   */
  clamp(samples: number): void;
  settle(phase: Phase): SettleReport;
  /**
   * Adds the contrast of two state slots to weights and biases, layer by layer:
   * weights k += weightScales[k] · Σ_samples (r_k ⊗ r_{k+1})|upper − (r_k ⊗ r_{k+1})|lower, biases k += biasScales[k − 1] · …
   */
  addContrast(lower: StateSlot, upper: StateSlot, weightScales: readonly number[], biasScales: readonly number[]): void;
  /** A copy of layer k's states in a slot, [samples, size k]. */
  readStates(slot: StateSlot, layer: number): Float64Array;
  readParameters(): ParameterValues;
  /** Replaces all parameters. Throws RangeError when a shape does not fit. */
  writeParameters(parameters: ParameterValues): void;
}

/** Parameters outside the arena, unpadded. `biases[k]` belongs to layer k + 1. */
export interface ParameterValues {
  readonly weights: readonly (Float32Array | Float64Array)[];
  readonly biases: readonly (Float32Array | Float64Array)[];
}

export interface KernelSet {
  readonly name: 'reference' | 'wasm';
  readonly elementType: 'float32' | 'float64';
  /** Bytes of arena that `build` will take for this network and batch. */
  predictBytes(network: NetworkDescription, batchCapacity: number): number;
  /** Lays a network out for batches of up to `batchCapacity` samples. All parameters start at zero. */
  build(network: NetworkDescription, batchCapacity: number, arena: Arena): NetworkKernels;
}

/** Refuses a description that no kernel set can run. */
export function checkNetwork(network: NetworkDescription): void {
  const { layerSizes, dynamics } = network;
  if (layerSizes.length < 2) throw new RangeError('a network has at least an input and an output layer');
  for (const size of layerSizes) {
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`a layer has a whole number of units >= 1, got ${size}`);
  }
  if (dynamics.kind === 'energy-gradient' && !(dynamics.stepSize > 0 && dynamics.stepSize <= 1)) {
    throw new RangeError(`the step size lies in (0, 1], got ${dynamics.stepSize}`);
  }
}

/** Refuses parameters whose shapes are not the network's. */
export function checkParameters({ layerSizes }: NetworkDescription, { weights, biases }: ParameterValues): void {
  const pairs = layerSizes.length - 1;
  if (weights.length !== pairs || biases.length !== pairs) {
    throw new RangeError(
      `expected ${pairs} weight matrices and bias vectors, got ${weights.length} and ${biases.length}`,
    );
  }
  for (let k = 0; k < pairs; k++) {
    const entries = layerSizes[k] * layerSizes[k + 1];
    if (weights[k].length !== entries)
      throw new RangeError(`weights ${k} have ${weights[k].length} of ${entries} entries`);
    if (biases[k].length !== layerSizes[k + 1]) {
      throw new RangeError(`biases ${k} have ${biases[k].length} of ${layerSizes[k + 1]} entries`);
    }
  }
}
