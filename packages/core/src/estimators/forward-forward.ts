/**
 * The forward-forward algorithm: two upward sweeps with labels shown at the input, one right, one wrong.
 *
 *   loss_k = ln(1 + e^(−(g_k − threshold))) with the right label,   ln(1 + e^(g_k − threshold)) with a wrong one
 *   ĝ_k    = ŝ_from ⊗ ∂loss_k/∂a_k          each layer by itself
 *
 * The label lies over the first inputs, one per class. A third sweep with all of them at 1 / classes trains the softmax
 * read-out on the last hidden layer, which is also how samples are classified: in one pass.
 *
 * Hinton (2022), arXiv:2212.13345.
 *
 * Differs from the paper: wrong labels are drawn uniformly from the other classes, not by the read-out's mistakes; the
 * read-out sees the last hidden layer only.
 */
import type { NetworkKernels, Slot } from '../kernels/kernel-set.ts';
import { unitsOf } from '../kernels/network.ts';
import type { RandomStream } from '../tensor/random.ts';
import { FREE, type GradientEstimator, interruption } from './gradient-estimator.ts';
import { upwardSweep } from './upward-sweep.ts';

const STATES: Slot = 1;
const ERRORS: Slot = 2;

export function forwardForward(): GradientEstimator {
  return {
    name: 'forward-forward',
    needs: { model: ['goodness'], kernels: ['feed-forward', 'goodness'] },
    slots: 3,
    complexStates: false,
    betas: { lowest: 0, highest: 0 },
    anderson: false,
    accumulates: true,
    updatesPerBatch: 1,
    settleFreely(kernels, _, samples) {
      showLabels(kernels, samples, (_sample, classes) => 1 / classes);
      return upwardSweep(kernels, FREE);
    },

    estimate(kernels, { stream, samples }, learn) {
      const classes = classesOf(kernels);
      const labels = Array.from({ length: samples }, (_, sample) => labelOf(kernels, sample, classes));
      const wrong = labels.map((label, sample) => otherLabel(label, classes, stream, sample));
      for (const isReal of [true, false]) {
        const shown = isReal ? labels : wrong;
        showLabels(kernels, samples, (sample, _classes, unit) => (shown[sample] === unit ? 1 : 0));
        const report = upwardSweep(kernels, STATES);
        if (report.kind !== 'settled') {
          clearGradients(kernels);
          return interruption(report, 'free');
        }
        kernels.goodnessErrors(STATES, ERRORS, isReal);
        kernels.addToGradients({
          terms: [{ below: STATES, above: ERRORS, coefficient: 1, weights: 'feedforward' }],
          readoutAt: undefined,
        });
      }
      showLabels(kernels, samples, () => 1 / classes);
      const free = upwardSweep(kernels, FREE);
      if (free.kind !== 'settled') {
        clearGradients(kernels);
        return interruption(free, 'free');
      }
      kernels.addToGradients({ terms: [], readoutAt: FREE });
      learn({ kind: 'accumulated' });
      return { kind: 'estimated', free, nudged: free, nudgedSlot: FREE };
    },
  };
}

function classesOf({ network }: NetworkKernels): number {
  return unitsOf(network.layers[network.layers.length - 1]);
}

function labelOf({ labels, labelStride }: NetworkKernels, sample: number, classes: number): number {
  const row = labels.subarray(sample * labelStride, sample * labelStride + classes);
  return row.indexOf(Math.max(...row));
}

function otherLabel(label: number, classes: number, stream: RandomStream, sample: number): number {
  const step = 1 + Math.floor(stream.uniform(sample) * (classes - 1));
  return (label + step) % classes;
}

/** Writes over the first inputs of every row and clamps the batch. */
function showLabels(
  kernels: NetworkKernels,
  samples: number,
  shownFor: (sample: number, classes: number, unit: number) => number,
): void {
  const classes = classesOf(kernels);
  const inputs = unitsOf(kernels.network.layers[0]);
  for (let sample = 0; sample < samples; sample++) {
    for (let unit = 0; unit < classes; unit++) {
      kernels.inputs[sample * inputs + unit] = shownFor(sample, classes, unit);
    }
  }
  kernels.clamp(samples);
}

function clearGradients({ parameters }: NetworkKernels): void {
  for (const { buffers } of parameters) buffers[0]?.fill(0);
}
