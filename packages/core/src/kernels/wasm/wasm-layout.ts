/** Lays a network out in the arena for the WebAssembly kernels and writes the plan that they read. */
import type { Allocator, ArenaVector } from '../../tensor/arena.ts';
import type { Workspace } from '../kernel-set.ts';
import { type NetworkDescription, unitsOf } from '../network.ts';
import {
  ACTIVATION,
  BLOCK_SAMPLES,
  HEADER,
  HEADER_WORDS,
  LAYER,
  LAYER_WORDS,
  MOST_SLOTS,
  NUDGE,
  RULE,
  strideOf,
} from './plan-layout.ts';

export type Floats = ArenaVector<Float32Array>;

export interface WasmLayout {
  readonly workspace: Workspace;
  readonly layerSizes: readonly number[];
  readonly plan: ArenaVector<Int32Array>;
  /** A stop word that nobody ever sets, for phases that must be finished. */
  readonly silence: ArenaVector<Int32Array>;
  /** `batchCapacity` rounded up to whole blocks. */
  readonly paddedBatch: number;
  readonly strides: readonly number[];
  readonly inputs: Floats;
  readonly labels: Floats;
  readonly drive: Floats;
  readonly difference: Floats;
  readonly scratch: Floats;
  readonly sampleLists: ArenaVector<Int32Array>;
  readonly sampleCounts: ArenaVector<Int32Array>;
  readonly pixelLists: ArenaVector<Int32Array>;
  readonly pixelCounts: ArenaVector<Int32Array>;
  /** Between layers k and k + 1; `fromAbove[0]` is missing, for nothing drives the clamped input. */
  readonly toAbove: readonly Floats[];
  readonly fromAbove: readonly (Floats | undefined)[];
  /** Of layer k + 1. */
  readonly biases: readonly Floats[];
  /** [layer − 1][slot]; `emitted` is the same vector where ρ(s) = s. */
  readonly states: readonly (readonly Floats[])[];
  readonly emitted: readonly (readonly Floats[])[];
  /** [connections, then biases][buffer]. */
  readonly buffers: readonly (readonly Floats[])[];
}

export function layOut(network: NetworkDescription, workspace: Workspace, allocator: Allocator): WasmLayout {
  const { batchCapacity, slots: slotCount } = workspace;
  if (slotCount > MOST_SLOTS) throw new RangeError(`the WebAssembly kernels have ${MOST_SLOTS} slots at most`);
  const layerSizes = network.layers.map(unitsOf);
  const strides = layerSizes.map(strideOf);
  const paddedBatch = Math.ceil(batchCapacity / BLOCK_SAMPLES) * BLOCK_SAMPLES;
  const inputSize = layerSizes[0];
  const outputStride = strides[strides.length - 1];
  const upperStrides = strides.slice(1);
  const pairs = upperStrides.map((_, k) => k);
  const separate = network.dynamics.kind === 'energy-gradient' && network.activation !== 'hard-sigmoid';
  const slots = (stride: number) => Array.from({ length: slotCount }, () => allocator.float32(paddedBatch * stride));
  const states = upperStrides.map(slots);
  const copies = (length: number) =>
    Array.from({ length: workspace.parameterBuffers }, () => allocator.float32(length));
  return {
    workspace,
    layerSizes,
    plan: allocator.int32(HEADER_WORDS + layerSizes.length * LAYER_WORDS),
    silence: allocator.int32(1),
    paddedBatch,
    strides,
    inputs: allocator.float32(paddedBatch * inputSize),
    labels: allocator.float32(paddedBatch * outputStride),
    drive: allocator.float32(paddedBatch * strides[1]),
    difference: allocator.float32(paddedBatch * strides[1]),
    // Per layer: states of even and odd steps, and ρ of them, for one block.
    scratch: allocator.float32(upperStrides.reduce((sum, stride) => sum + stride, 0) * BLOCK_SAMPLES * 4),
    sampleLists: allocator.int32(paddedBatch * inputSize * 2),
    sampleCounts: allocator.int32(paddedBatch),
    pixelLists: allocator.int32(paddedBatch * inputSize * 2),
    pixelCounts: allocator.int32(inputSize),
    toAbove: pairs.map((k) => allocator.float32(layerSizes[k] * strides[k + 1])),
    fromAbove: pairs.map((k) => (k === 0 ? undefined : allocator.float32(layerSizes[k + 1] * strides[k]))),
    biases: upperStrides.map((stride) => allocator.float32(stride)),
    states,
    emitted: separate ? upperStrides.map(slots) : states,
    buffers: [...pairs.map((k) => layerSizes[k] * strides[k + 1]), ...upperStrides].map(copies),
  };
}

export function writePlan(network: NetworkDescription, layout: WasmLayout): void {
  const { plan, strides } = layout;
  const words = plan.values;
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  words[HEADER.layerCount] = strides.length;
  words[HEADER.rule] = RULE[network.dynamics.kind === 'energy-gradient' ? 'energy-gradient' : 'discrete-map'];
  words[HEADER.activation] = activationCode(network);
  if (network.dynamics.kind === 'discrete-map') words[HEADER.nudgePlacement] = NUDGE[network.dynamics.nudge];
  if (network.dynamics.kind === 'energy-gradient') floats[HEADER.stepSize] = network.dynamics.stepSize;
  words[HEADER.drivePointer] = layout.drive.pointer;
  words[HEADER.labelsPointer] = layout.labels.pointer;
  words[HEADER.inputsPointer] = layout.inputs.pointer;
  words[HEADER.sampleListPointer] = layout.sampleLists.pointer;
  words[HEADER.sampleCountsPointer] = layout.sampleCounts.pointer;
  words[HEADER.pixelListPointer] = layout.pixelLists.pointer;
  words[HEADER.pixelCountsPointer] = layout.pixelCounts.pointer;
  words[HEADER.differencePointer] = layout.difference.pointer;
  words[HEADER.scratchPointer] = layout.scratch.pointer;
  words[HEADER.batchCapacity] = layout.paddedBatch;
  layout.layerSizes.forEach((size, layer) => {
    const at = HEADER_WORDS + layer * LAYER_WORDS;
    words[at + LAYER.size] = size;
    words[at + LAYER.stride] = strides[layer];
    words[at + LAYER.weightsToAbove] = layout.toAbove[layer]?.pointer ?? 0;
    words[at + LAYER.weightsFromAbove] = layout.fromAbove[layer]?.pointer ?? 0;
    if (layer === 0) return;
    words[at + LAYER.biases] = layout.biases[layer - 1].pointer;
    for (let slot = 0; slot < layout.workspace.slots; slot++) {
      words[at + LAYER.states + slot] = layout.states[layer - 1][slot].pointer;
      words[at + LAYER.emitted + slot] = layout.emitted[layer - 1][slot].pointer;
    }
  });
}

function activationCode({ activation }: NetworkDescription): number {
  switch (activation) {
    case 'hard-sigmoid':
    case 'logistic':
    case 'tanh':
      return ACTIVATION[activation];
    default:
      throw new RangeError(`the WebAssembly kernels lack: activation ${activation}`);
  }
}
