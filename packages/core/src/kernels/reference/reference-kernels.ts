/**
 * The reference kernel set: float64, plain loops, written to be read. It is the test of every other kernel set.
 *
 *   drive_k = b_k + W_{k−1}ᵀ r_{k−1} + W_k r_{k+1}       (r = ρ(s) for the energy model, r = s for the discrete map)
 *   energy gradient:  s_k ← clip(s_k + ε(−s_k + ρ'(s_k) ⊙ drive_k + β(y − s_k) at the output))
 *   discrete map:     s_k ← σ(drive_k + β(y − s_k))  or  σ(drive_k) + β(y − s_k)  at the output
 *
 * All layers move at once from the states of the step before.
 */
import { controlBlock } from '../../tensor/control-block.ts';
import { type Activation, activationNamed } from '../activations.ts';
import {
  checkNetwork,
  checkParameters,
  type KernelSet,
  type NetworkDescription,
  type Phase,
  type SettleReport,
  type StateSlot,
} from '../kernel-set.ts';

export const referenceKernels: KernelSet = {
  name: 'reference',
  elementType: 'float64',
  /** Nothing lies in the arena but the control block: reference tensors are ordinary arrays. */
  predictBytes: () => 0,

  build(network, batchCapacity, arena) {
    checkNetwork(network);
    const { layerSizes, dynamics } = network;
    const last = layerSizes.length - 1;
    const control = controlBlock(arena.memory);
    const inputs = new Float64Array(batchCapacity * layerSizes[0]);
    const labels = new Float64Array(batchCapacity * layerSizes[last]);
    const weights = layerSizes.slice(1).map((above, k) => new Float64Array(layerSizes[k] * above));
    const biases = layerSizes.slice(1).map((size) => new Float64Array(size));
    const zeros = () => layerSizes.map((size) => new Float64Array(batchCapacity * size));
    const slots: Record<StateSlot, Float64Array[]> = { free: zeros(), lower: zeros(), upper: zeros() };
    const activation = activationNamed(network.activation);
    let samples = 0;

    const settle = (phase: Phase): SettleReport => {
      let states = phase.from === 'zeros' ? zeros() : slots[phase.from].map((layer) => layer.slice());
      states[0] = inputs;
      let residual = 0;
      for (let step = 0; step < phase.steps; step++) {
        if (control.stopRequest() !== 'none') return { kind: 'stopped' };
        const next = states.map((layer) => layer.slice());
        residual = 0;
        for (let layer = 1; layer <= last; layer++) {
          for (let sample = 0; sample < samples; sample++) {
            for (let unit = 0; unit < layerSizes[layer]; unit++) {
              const at = sample * layerSizes[layer] + unit;
              const label = layer === last ? labels[sample * layerSizes[layer] + unit] : undefined;
              const drive = driveOf(states, layer, sample, unit);
              next[layer][at] = nextState(network, activation, states[layer][at], drive, phase.beta, label);
              residual = largest(residual, Math.abs(next[layer][at] - states[layer][at]));
            }
          }
        }
        states = next;
      }
      slots[phase.into] = states;
      const stepSize = dynamics.kind === 'energy-gradient' ? dynamics.stepSize : 1;
      return { kind: 'settled', steps: phase.steps, residual: residual / stepSize };
    };

    /** What unit `unit` of `layer` receives from its bias and both neighbouring layers. */
    const driveOf = (states: readonly Float64Array[], layer: number, sample: number, unit: number): number => {
      const size = layerSizes[layer];
      const below = layerSizes[layer - 1];
      let drive = biases[layer - 1][unit];
      for (let i = 0; i < below; i++) {
        const emitted = layer === 1 ? inputs[sample * below + i] : emittedBy(states[layer - 1][sample * below + i]);
        drive += weights[layer - 1][i * size + unit] * emitted;
      }
      if (layer === last) return drive;
      const above = layerSizes[layer + 1];
      for (let j = 0; j < above; j++) {
        drive += weights[layer][unit * above + j] * emittedBy(states[layer + 1][sample * above + j]);
      }
      return drive;
    };

    const emittedBy = (state: number): number =>
      dynamics.kind === 'energy-gradient' ? activation.value(state) : state;

    const emittedIn = (slot: StateSlot, layer: number, sample: number, unit: number): number => {
      const at = sample * layerSizes[layer] + unit;
      return layer === 0 ? inputs[at] : emittedBy(slots[slot][layer][at]);
    };

    return {
      network,
      batchCapacity,
      inputs,
      labels,
      labelStride: layerSizes[last],
      clamp(count) {
        if (!Number.isInteger(count) || count < 1 || count > batchCapacity) {
          throw new RangeError(`a batch has 1 to ${batchCapacity} samples, got ${count}`);
        }
        samples = count;
      },
      settle,
      addContrast(lower, upper, weightScales, biasScales) {
        for (let k = 0; k < last; k++) {
          const above = layerSizes[k + 1];
          for (let sample = 0; sample < samples; sample++) {
            for (let j = 0; j < above; j++) {
              const yUpper = emittedIn(upper, k + 1, sample, j);
              const yLower = emittedIn(lower, k + 1, sample, j);
              biases[k][j] += biasScales[k] * (yUpper - yLower);
              for (let i = 0; i < layerSizes[k]; i++) {
                const contrast = emittedIn(upper, k, sample, i) * yUpper - emittedIn(lower, k, sample, i) * yLower;
                weights[k][i * above + j] += weightScales[k] * contrast;
              }
            }
          }
        }
      },
      readStates: (slot, layer) => slots[slot][layer].slice(0, samples * layerSizes[layer]),
      readParameters: () => ({ weights: weights.map((w) => w.slice()), biases: biases.map((b) => b.slice()) }),
      writeParameters(parameters) {
        checkParameters(network, parameters);
        parameters.weights.forEach((values, k) => {
          weights[k].set(values);
        });
        parameters.biases.forEach((values, k) => {
          biases[k].set(values);
        });
      },
    };
  },
};

function nextState(
  { dynamics }: NetworkDescription,
  activation: Activation,
  state: number,
  drive: number,
  beta: number,
  label: number | undefined,
): number {
  // A free phase does not look at the label at all: 0 · ∞ would let it in.
  const nudge = label === undefined || beta === 0 ? 0 : beta * (label - state);
  switch (dynamics.kind) {
    case 'energy-gradient': {
      const force = -state + activation.derivative(state) * drive + nudge;
      const moved = state + dynamics.stepSize * force;
      return Math.min(Math.max(moved, activation.lowest), activation.highest);
    }
    case 'discrete-map':
      return dynamics.nudge === 'inside' ? activation.value(drive + nudge) : activation.value(drive) + nudge;
    default:
      dynamics satisfies never;
      throw new Error('unreachable dynamics');
  }
}

/** The larger of two numbers, NaN when either is. */
function largest(a: number, b: number): number {
  return Math.max(a, b);
}
