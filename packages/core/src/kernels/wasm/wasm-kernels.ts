/**
 * The WebAssembly kernel set: float32, 128-bit SIMD, the same bits on every machine.
 *
 * This file lays a network out in the arena, writes the plan and calls the kernels of ./assembly/.
 */
import { type Allocator, type ArenaVector, measureBytes } from '../../tensor/arena.ts';
import { controlBlock } from '../../tensor/control-block.ts';
import {
  checkNetwork,
  checkParameters,
  type KernelSet,
  type NetworkDescription,
  type NetworkKernels,
  type ParameterValues,
  type Phase,
} from '../kernel-set.ts';
import { WASM_BASE64 } from './generated/binary.ts';
import {
  ACTIVATION,
  BLOCK_SAMPLES,
  HEADER,
  HEADER_WORDS,
  LAYER,
  LAYER_WORDS,
  NUDGE,
  RULE,
  SLOT,
  strideOf,
} from './plan-layout.ts';

/** What ./assembly/index.ts exports. */
interface WasmExports {
  listInputs(plan: number, samples: number): void;
  driveFromInput(plan: number, first: number, end: number): void;
  settle(
    plan: number,
    beta: number,
    steps: number,
    from: number,
    into: number,
    first: number,
    end: number,
    realEnd: number,
  ): number;
  lastResidual(): number;
  contrastInputWeights(
    plan: number,
    weights: number,
    lower: number,
    upper: number,
    scale: number,
    samples: number,
  ): void;
  contrastWeights(
    plan: number,
    weights: number,
    layer: number,
    lower: number,
    upper: number,
    scale: number,
    samples: number,
  ): void;
  contrastBiases(
    plan: number,
    biases: number,
    layer: number,
    lower: number,
    upper: number,
    scale: number,
    samples: number,
  ): void;
  transposeWeights(plan: number, layer: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** Compiled once a thread: the module is constant, so keeping it is caching, not state. */
function compiledModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));
  return compiled;
}

export const wasmKernels: KernelSet = {
  name: 'wasm',
  elementType: 'float32',

  predictBytes: (network, batchCapacity) => measureBytes((allocator) => layOut(network, batchCapacity, allocator)),

  build(network, batchCapacity, arena) {
    checkNetwork(network);
    const layout = layOut(network, batchCapacity, arena);
    writePlan(network, layout, controlBlock(arena.memory).stopWordPointer);
    const { exports } = new WebAssembly.Instance(compiledModule(), {
      env: {
        memory: arena.memory,
        abort() {
          throw new Error('a WebAssembly kernel aborted');
        },
      },
    });
    // The parser of this border: the module is built from ./assembly/index.ts by the same build.
    return operate(network, layout, exports as WasmExports);
  },
};

type Floats = ArenaVector<Float32Array>;

interface Layout {
  readonly plan: ArenaVector<Int32Array>;
  readonly batchCapacity: number;
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
}

const SLOTS = 3;

function layOut(network: NetworkDescription, batchCapacity: number, allocator: Allocator): Layout {
  const { layerSizes } = network;
  const strides = layerSizes.map(strideOf);
  const paddedBatch = Math.ceil(batchCapacity / BLOCK_SAMPLES) * BLOCK_SAMPLES;
  const inputSize = layerSizes[0];
  const outputStride = strides[strides.length - 1];
  const upperStrides = strides.slice(1);
  const pairs = upperStrides.map((_, k) => k);
  const separate = network.dynamics.kind === 'energy-gradient' && network.activation !== 'hard-sigmoid';
  const slots = (stride: number) => Array.from({ length: SLOTS }, () => allocator.float32(paddedBatch * stride));
  const states = upperStrides.map(slots);
  return {
    plan: allocator.int32(HEADER_WORDS + layerSizes.length * LAYER_WORDS),
    batchCapacity,
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
  };
}

function writePlan(network: NetworkDescription, layout: Layout, stopWordPointer: number): void {
  const { plan, strides } = layout;
  const words = plan.values;
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  words[HEADER.layerCount] = strides.length;
  words[HEADER.rule] = RULE[network.dynamics.kind];
  words[HEADER.activation] = ACTIVATION[network.activation];
  if (network.dynamics.kind === 'discrete-map') words[HEADER.nudgePlacement] = NUDGE[network.dynamics.nudge];
  if (network.dynamics.kind === 'energy-gradient') floats[HEADER.stepSize] = network.dynamics.stepSize;
  words[HEADER.stopWordPointer] = stopWordPointer;
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
  network.layerSizes.forEach((size, layer) => {
    const at = HEADER_WORDS + layer * LAYER_WORDS;
    words[at + LAYER.size] = size;
    words[at + LAYER.stride] = strides[layer];
    words[at + LAYER.weightsToAbove] = layout.toAbove[layer]?.pointer ?? 0;
    words[at + LAYER.weightsFromAbove] = layout.fromAbove[layer]?.pointer ?? 0;
    if (layer === 0) return;
    words[at + LAYER.biases] = layout.biases[layer - 1].pointer;
    for (let slot = 0; slot < SLOTS; slot++) {
      words[at + LAYER.states + slot] = layout.states[layer - 1][slot].pointer;
      words[at + LAYER.emitted + slot] = layout.emitted[layer - 1][slot].pointer;
    }
  });
}

function operate(network: NetworkDescription, layout: Layout, kernels: WasmExports): NetworkKernels {
  const { layerSizes, dynamics } = network;
  const { strides, toAbove, biases, batchCapacity } = layout;
  const plan = layout.plan.pointer;
  const stepSize = dynamics.kind === 'energy-gradient' ? dynamics.stepSize : 1;
  let samples = 0;
  let paddedSamples = 0;

  const transposeAll = () => {
    for (let layer = 1; layer < toAbove.length; layer++) kernels.transposeWeights(plan, layer);
  };

  return {
    network,
    batchCapacity,
    inputs: layout.inputs.values,
    labels: layout.labels.values,
    labelStride: strides[strides.length - 1],

    clamp(count) {
      if (!Number.isInteger(count) || count < 1 || count > batchCapacity) {
        throw new RangeError(`a batch has 1 to ${batchCapacity} samples, got ${count}`);
      }
      samples = count;
      paddedSamples = Math.ceil(count / BLOCK_SAMPLES) * BLOCK_SAMPLES;
      kernels.listInputs(plan, samples);
      kernels.driveFromInput(plan, 0, paddedSamples);
    },

    settle(phase: Phase) {
      const from = SLOT[phase.from];
      const into = SLOT[phase.into];
      const stopped = kernels.settle(plan, phase.beta, phase.steps, from, into, 0, paddedSamples, samples);
      if (stopped !== 0) return { kind: 'stopped' };
      return { kind: 'settled', steps: phase.steps, residual: kernels.lastResidual() / stepSize };
    },

    addContrast(lower, upper, weightScales, biasScales) {
      const from = SLOT[lower];
      const to = SLOT[upper];
      kernels.contrastInputWeights(plan, toAbove[0].pointer, from, to, weightScales[0], samples);
      for (let layer = 1; layer < toAbove.length; layer++) {
        kernels.contrastWeights(plan, toAbove[layer].pointer, layer, from, to, weightScales[layer], samples);
      }
      for (let layer = 1; layer < strides.length; layer++) {
        kernels.contrastBiases(plan, biases[layer - 1].pointer, layer, from, to, biasScales[layer - 1], samples);
      }
      transposeAll();
    },

    readStates(slot, layer) {
      const rows = layout.states[layer - 1][SLOT[slot]].values;
      return Float64Array.from(unpad(rows, samples, layerSizes[layer], strides[layer]));
    },

    readParameters: () => ({
      weights: toAbove.map((w, k) => unpad(w.values, layerSizes[k], layerSizes[k + 1], strides[k + 1])),
      biases: biases.map((b, k) => b.values.slice(0, layerSizes[k + 1])),
    }),

    writeParameters(parameters: ParameterValues) {
      checkParameters(network, parameters);
      toAbove.forEach((w, k) => {
        pad(parameters.weights[k], w.values, layerSizes[k + 1], strides[k + 1]);
      });
      biases.forEach((b, k) => {
        pad(parameters.biases[k], b.values, layerSizes[k + 1], strides[k + 1]);
      });
      transposeAll();
    },
  };
}

function unpad(padded: Float32Array, rows: number, columns: number, stride: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    values.set(padded.subarray(row * stride, row * stride + columns), row * columns);
  }
  return values;
}

function pad(values: Float32Array | Float64Array, padded: Float32Array, columns: number, stride: number): void {
  padded.fill(0);
  for (let row = 0; row * columns < values.length; row++) {
    padded.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
  }
}
