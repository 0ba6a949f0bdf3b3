/**
 * The reference kernel set: every operation written as its equation, in float64.
 *
 * It runs every network and every feature, and it is the test of the others.
 */
import { type Allocator, measureBytes } from '../../tensor/arena.ts';
import { controlBlock } from '../../tensor/control-block.ts';
import {
  checkListed,
  checkParameters,
  checkSamples,
  type KernelSet,
  type ListedInputs,
  type NetworkKernels,
  type ParameterValues,
} from '../kernel-set.ts';
import { checkNetwork } from '../network.ts';
import { accelerator } from './anderson.ts';
import { addContrast, type Destination } from './contrast.ts';
import { driveFromInput } from './drive.ts';
import { adjointStep, costGradient, goodnessErrors, propagateErrors, response } from './errors.ts';
import { type Layout, layOut } from './layout.ts';
import { settle } from './relaxation.ts';
import { setUnits } from './unit-settings.ts';
import { watchOver } from './watch.ts';

export const referenceKernels: KernelSet = {
  name: 'reference',
  elementType: 'float64',
  missing: () => [],
  predictBytes: (network, workspace) =>
    measureBytes((allocator: Allocator) => {
      layOut(network, workspace, allocator);
    }),
  build(network, workspace, arena) {
    checkNetwork(network);
    return operate(layOut(network, workspace, arena, watchOver(controlBlock(arena.controlledBy))));
  },
};

function operate(layout: Layout): NetworkKernels {
  const { network, workspace, parameters, units, flat } = layout;
  const { batchCapacity } = workspace;
  const accelerate = workspace.anderson ? accelerator(flat.memory, batchCapacity, flat.length) : undefined;
  let samples = 0;

  const valuesOf = (arrayOf: (parameter: number) => Float64Array): ParameterValues => {
    const kindOf = (kind: 'weights' | 'biases' | 'feedback') =>
      parameters.flatMap((tensor, k) => (tensor.kind === kind ? [arrayOf(k).slice()] : []));
    return { weights: kindOf('weights'), biases: kindOf('biases'), feedback: kindOf('feedback') };
  };
  const fill = (arrayOf: (parameter: number) => Float64Array, values: ParameterValues) => {
    checkParameters(network, values);
    [...values.weights, ...values.biases, ...values.feedback].forEach((entries, k) => {
      arrayOf(k).set(entries);
    });
  };
  const valuesAt = (parameter: number) => parameters[parameter].values;
  const bufferAt = (buffer: number) => (parameter: number) => {
    const values = parameters[parameter].buffers[buffer];
    if (values === undefined) throw new RangeError(`this workspace has no parameter buffer ${buffer}`);
    return values;
  };
  const gradients: Destination = { arrayOf: bufferAt(0), scaleOf: () => 1 };

  return {
    network,
    workspace,
    inputs: layout.inputs.re,
    labels: layout.labels,
    labelStride: units[units.length - 1],
    parameters,
    clamp(count) {
      checkSamples(workspace, count);
      samples = count;
      driveFromInput(layout, samples);
    },
    clampListed(count, listed) {
      checkSamples(workspace, count);
      checkListed(count, listed);
      showListed(layout, count, listed);
      samples = count;
      driveFromInput(layout, samples);
    },
    clampAgain() {
      checkSamples(workspace, samples);
      driveFromInput(layout, samples);
    },
    settle: (phase) => settle(layout, phase, samples, accelerate),
    addToGradients(contrast) {
      addContrast(layout, contrast, gradients, samples);
    },
    addToParameters(contrast, scales) {
      // Not in place: products read weights where a pooling chooses or a layer is predicted.
      for (const changes of layout.changes) changes.fill(0);
      const changesOf = (parameter: number) => layout.changes[parameter];
      addContrast(layout, contrast, { arrayOf: changesOf, scaleOf: (parameter) => scales[parameter] }, samples);
      parameters.forEach(({ values }, parameter) => {
        const changes = layout.changes[parameter];
        for (let i = 0; i < values.length; i++) values[i] += changes[i];
      });
    },
    propagateErrors(at, into) {
      propagateErrors(layout, at, into, samples);
    },
    costGradient(at, into) {
      costGradient(layout, at, into, samples);
    },
    adjointStep(at, adjoint, into) {
      adjointStep(layout, at, adjoint, into, gradients, samples);
    },
    response(at, lower, upper, into) {
      response(layout, at, lower, upper, into, samples);
    },
    goodnessErrors: (at, into, isReal) => goodnessErrors(layout, at, into, isReal, samples),
    setUnits(layer, settings) {
      setUnits(layout, layer, settings);
    },
    readStates: (slot, layer) => layout.slots[slot][layer].re.slice(0, samples * units[layer]),
    readStatesInto(slot, layer, into) {
      into.set(layout.slots[slot][layer].re.subarray(0, samples * units[layer]));
    },
    writeStates(slot, layer, states) {
      layout.isComplex[slot] = false;
      layout.slots[slot][layer].re.set(states);
    },
    readParameters: () => valuesOf(valuesAt),
    writeParameters(values) {
      fill(valuesAt, values);
    },
    readBuffer: (buffer) => valuesOf(bufferAt(buffer)),
    writeBuffer(buffer, values) {
      fill(bufferAt(buffer), values);
    },
    release() {},
  };
}

/** The listed samples as rows of inputs. */
function showListed(
  { inputs, units }: Layout,
  samples: number,
  { offsets, indices, bytes, levels, order, first }: ListedInputs,
): void {
  inputs.re.fill(0, 0, samples * units[0]);
  for (let row = 0; row < samples; row++) {
    const sample = order[first + row];
    for (let e = offsets[sample]; e < offsets[sample + 1]; e++)
      inputs.re[row * units[0] + indices[e]] = levels[bytes[e]];
  }
}
