/**
 * The WebAssembly kernel set: float32, 128-bit SIMD, the same bits on every machine.
 *
 * Dense chains only, in this set's three activations; ./wasm-layout.ts says where everything lies.
 */
import { activationNamed } from '../../activations/catalogue.ts';
import { measureBytes } from '../../tensor/arena.ts';
import { controlBlock } from '../../tensor/control-block.ts';
import { featuresOf } from '../features.ts';
import {
  type Contrast,
  checkParameters,
  checkSlots,
  type KernelFeature,
  type KernelSet,
  type NetworkKernels,
  type ParameterTensor,
  type ParameterValues,
  type Phase,
  type SettleReport,
  type Teaching,
  type Values,
} from '../kernel-set.ts';
import { checkNetwork, type NetworkDescription } from '../network.ts';
import { WASM_BASE64 } from './generated/binary.ts';
import { BLOCK_SAMPLES, FROM_ZEROS, HEADER } from './plan-layout.ts';
import { type Floats, layOut, type WasmLayout, writePlan } from './wasm-layout.ts';

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

const FEATURES: ReadonlySet<KernelFeature> = new Set([
  'activation hard-sigmoid',
  'activation logistic',
  'activation tanh',
] as const);

export const wasmKernels: KernelSet = {
  name: 'wasm',
  elementType: 'float32',

  missing: (network, asked) => [...featuresOf(network), ...asked].filter((feature) => !FEATURES.has(feature)),

  predictBytes: (network, workspace) =>
    measureBytes((allocator) => {
      layOut(network, workspace, allocator);
    }),

  build(network, workspace, arena) {
    checkNetwork(network);
    const missing = wasmKernels.missing(network, []);
    if (missing.length > 0) throw new RangeError(`the WebAssembly kernels lack: ${missing.join(', ')}`);
    const layout = layOut(network, workspace, arena);
    writePlan(network, layout);
    const { exports } = new WebAssembly.Instance(compiledModule(), {
      env: {
        memory: arena.memory,
        abort() {
          throw new Error('a WebAssembly kernel aborted');
        },
      },
    });
    // The parser of this border: the module is built from ./assembly/index.ts by the same build.
    return operate(network, layout, exports as WasmExports, controlBlock(arena.memory).stopWordPointer);
  },
};

function operate(
  network: NetworkDescription,
  layout: WasmLayout,
  kernels: WasmExports,
  stopWordPointer: number,
): NetworkKernels {
  const { dynamics } = network;
  const { strides, toAbove, biases, workspace, layerSizes } = layout;
  const { batchCapacity } = workspace;
  const plan = layout.plan.pointer;
  const stepSize = dynamics.kind === 'energy-gradient' ? dynamics.stepSize : 1;
  let samples = 0;
  let paddedSamples = 0;

  const relax = (phase: Phase, beta: number, from: number, steps: number): number | 'stopped' => {
    layout.plan.values[HEADER.stopWordPointer] = phase.interruptible ? stopWordPointer : layout.silence.pointer;
    const stopped = kernels.settle(plan, beta, steps, from, phase.into, 0, paddedSamples, samples);
    return stopped === 0 ? kernels.lastResidual() / stepSize : 'stopped';
  };

  /** The first step whose states are not finite, by running the phase again with fewer and fewer steps. */
  const locate = (phase: Phase, beta: number, from: number, steps: number): SettleReport => {
    let finite = 0;
    let broken = steps;
    while (broken - finite > 1) {
      const middle = Math.floor((finite + broken) / 2);
      const residual = relax(phase, beta, from, middle);
      if (residual === 'stopped') return { kind: 'stopped' };
      if (Number.isFinite(residual)) finite = middle;
      else broken = middle;
    }
    if (relax(phase, beta, from, broken) === 'stopped') return { kind: 'stopped' };
    const layer = layout.states.findIndex((slots, k) => {
      return !unpad(slots[phase.into].values, samples, layerSizes[k + 1], strides[k + 1]).every(Number.isFinite);
    });
    // Where states are finite their difference was not, which takes outputs: no others leave the range of σ.
    return { kind: 'not-finite', layer: layer === -1 ? layout.states.length : layer + 1, step: broken };
  };

  const settle = (phase: Phase): SettleReport => {
    const beta = realBeta(phase.teaching);
    if (phase.schedule !== 'synchronous') throw new RangeError(`the WebAssembly kernels lack: ${phase.schedule}`);
    if (phase.from === phase.into) throw new RangeError('a phase ends in another slot than it starts from');
    checkSlots(workspace, phase.from === 'zeros' ? [phase.into] : [phase.from, phase.into]);
    const from = phase.from === 'zeros' ? FROM_ZEROS : phase.from;
    if (phase.tolerance === 0) {
      const residual = relax(phase, beta, from, phase.steps);
      if (residual === 'stopped') return { kind: 'stopped' };
      if (!Number.isFinite(residual)) return locate(phase, beta, from, phase.steps);
      return { kind: 'settled', steps: phase.steps, residual, reason: 'steps' };
    }
    // The residual of the whole batch is known between calls only.
    let residual = 0;
    for (let step = 1; step <= phase.steps; step++) {
      const change = relax(phase, beta, step === 1 ? from : phase.into, 1);
      if (change === 'stopped') return { kind: 'stopped' };
      if (!Number.isFinite(change)) return locate(phase, beta, from, step);
      residual = change;
      if (residual < phase.tolerance && step >= phase.leastSteps) {
        return { kind: 'settled', steps: step, residual, reason: 'tolerance' };
      }
    }
    return { kind: 'settled', steps: phase.steps, residual, reason: 'steps' };
  };

  const pairs = toAbove.length;
  const parameters = [...toAbove, ...biases].map(
    ({ values }, k): ParameterTensor => ({
      kind: k < pairs ? 'weights' : 'biases',
      index: k < pairs ? k : k - pairs + 1,
      values,
      buffers: layout.buffers[k].map((buffer) => buffer.values),
    }),
  );

  const addContrast = (contrast: Contrast, vectorOf: (k: number) => Floats, scaleOf: (k: number) => number) => {
    const { lower, upper, coefficient } = differenceOf(contrast);
    checkSlots(workspace, [lower, upper]);
    for (let k = 0; k < pairs; k++) {
      const weights = vectorOf(k).pointer;
      const scale = coefficient * scaleOf(k);
      if (k === 0) kernels.contrastInputWeights(plan, weights, lower, upper, scale, samples);
      else kernels.contrastWeights(plan, weights, k, lower, upper, scale, samples);
    }
    for (let layer = 1; layer < strides.length; layer++) {
      const k = pairs + layer - 1;
      kernels.contrastBiases(plan, vectorOf(k).pointer, layer, lower, upper, coefficient * scaleOf(k), samples);
    }
  };

  const read = (vectorOf: (k: number) => Floats): ParameterValues => ({
    weights: toAbove.map((_, k) => unpad(vectorOf(k).values, layerSizes[k], layerSizes[k + 1], strides[k + 1])),
    biases: biases.map((_, k) => vectorOf(pairs + k).values.slice(0, layerSizes[k + 1])),
    feedback: [],
  });
  const write = (vectorOf: (k: number) => Floats, given: ParameterValues) => {
    checkParameters(network, given);
    toAbove.forEach((_, k) => {
      pad(given.weights[k], vectorOf(k).values, layerSizes[k + 1], strides[k + 1]);
    });
    biases.forEach((_, k) => {
      pad(given.biases[k], vectorOf(pairs + k).values, layerSizes[k + 1], strides[k + 1]);
    });
  };
  const parameterVector = (k: number) => (k < pairs ? toAbove[k] : biases[k - pairs]);
  const bufferVector = (buffer: number) => (k: number) => {
    const vector = layout.buffers[k][buffer];
    if (vector === undefined) throw new RangeError(`this workspace has no parameter buffer ${buffer}`);
    return vector;
  };
  const lacking = (feature: KernelFeature) => (): never => {
    throw new RangeError(`the WebAssembly kernels lack: ${feature}`);
  };

  return {
    network,
    workspace,
    inputs: layout.inputs.values,
    labels: layout.labels.values,
    labelStride: strides[strides.length - 1],
    parameters,

    clamp(count) {
      if (!Number.isInteger(count) || count < 1 || count > batchCapacity) {
        throw new RangeError(`a batch has 1 to ${batchCapacity} samples, got ${count}`);
      }
      samples = count;
      paddedSamples = Math.ceil(count / BLOCK_SAMPLES) * BLOCK_SAMPLES;
      for (let layer = 1; layer < pairs; layer++) kernels.transposeWeights(plan, layer);
      kernels.listInputs(plan, samples);
      kernels.driveFromInput(plan, 0, paddedSamples);
    },

    settle,
    addToGradients(contrast) {
      addContrast(contrast, bufferVector(0), () => 1);
    },
    addToParameters(contrast, scales) {
      addContrast(contrast, parameterVector, (k) => scales[k]);
    },
    propagateErrors: lacking('error-propagation'),
    costGradient: lacking('adjoint'),
    adjointStep: lacking('adjoint'),
    response: lacking('separate-feedback'),
    goodnessErrors: lacking('goodness'),

    readStates(slot, layer) {
      const rows = layout.states[layer - 1][slot].values;
      return Float64Array.from(unpad(rows, samples, layerSizes[layer], strides[layer]));
    },
    writeStates(slot, layer, states) {
      const { values } = layout.states[layer - 1][slot];
      if (states.length > (values.length / strides[layer]) * layerSizes[layer]) {
        throw new RangeError(`${states.length} states do not fit into layer ${layer}`);
      }
      pad(states, values, layerSizes[layer], strides[layer]);
      const emitted = layout.emitted[layer - 1][slot].values;
      if (emitted === values) return;
      pad(states.map(activationNamed(network.activation).value), emitted, layerSizes[layer], strides[layer]);
    },
    readParameters: () => read(parameterVector),
    writeParameters(values) {
      write(parameterVector, values);
    },
    readBuffer: (buffer) => read(bufferVector(buffer)),
    writeBuffer(buffer, values) {
      write(bufferVector(buffer), values);
    },
  };
}

function realBeta(teaching: Teaching): number {
  if (teaching.kind === 'none') return 0;
  if (teaching.kind === 'nudge') {
    if (typeof teaching.beta === 'number') return teaching.beta;
    if (teaching.beta.im === 0) return teaching.beta.re;
    throw new RangeError('the WebAssembly kernels lack: complex-states');
  }
  throw new RangeError(
    `the WebAssembly kernels lack: ${teaching.kind === 'hold' ? 'held-outputs' : 'separate-feedback'}`,
  );
}

/** These kernels make a contrast as one product on a difference of states: c · (upper − lower). */
function differenceOf({ terms }: Contrast): { lower: number; upper: number; coefficient: number } {
  const [first, second] = terms;
  const fits = terms.length === 2 && terms.every((term) => term.below === term.above && term.weights === 'feedforward');
  const a = realCoefficient(first?.coefficient);
  const b = realCoefficient(second?.coefficient);
  if (!fits || a === undefined || b === undefined || a !== -b || first === undefined || second === undefined) {
    throw new RangeError('the WebAssembly kernels take contrasts of two slots with opposite factors');
  }
  return { upper: first.above, lower: second.above, coefficient: a };
}

function realCoefficient(coefficient: Contrast['terms'][number]['coefficient'] | undefined): number | undefined {
  if (coefficient === undefined || typeof coefficient === 'number') return coefficient;
  return coefficient.im === 0 ? coefficient.re : undefined;
}

function unpad(padded: Float32Array, rows: number, columns: number, stride: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    values.set(padded.subarray(row * stride, row * stride + columns), row * columns);
  }
  return values;
}

function pad(values: Values, padded: Float32Array, columns: number, stride: number): void {
  padded.fill(0);
  for (let row = 0; row * columns < values.length; row++) {
    padded.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
  }
}
