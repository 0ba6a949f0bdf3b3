/**
 * A feedback-regulated recurrent net (FRE-RNN), put together from the parts of the numerics.
 *
 *   s_1 ← tanh(W_0 x + γ W_1 s_2),   s_k ← tanh(W_{k-1} s_{k-1} + γ W_kᵀ s_{k+1}),   p = softmax(W_f s_N)
 *   nudged: the last hidden layer is also driven by β W_fᵀ (y − p)
 *   ΔW_k ∝ (s_nudged − s_free)_{k+1} ⊗ (s_free)_k,   ΔW_f ∝ (y − p) ⊗ s_N,   no biases, Adam
 *
 * Liu & Chen, "FRE-RNN" (ICLR 2026), arXiv:2508.11659.
 */
import {
  denseChain,
  type GradientEstimator,
  type NetworkDescription,
  optimizerFrom,
  type Phase,
  type Slot,
} from '@settle/core';
import type { WorkloadParts } from './workload-parts.ts';

/** γ, the gain on what hidden layers send down. */
const FEEDBACK_GAIN = 0.01;
/** β, the strength of the nudge. */
const BETA = 0.1;
const RATE = 0.001;
const FIRST_MOMENT_DECAY = 0.9;
/**
 * The lower a layer, the less of the nudge arrives: γ^k of it. What a mean gradient there is made of are differences of
 * float32 states that agree in most digits; each is uncertain by 2⁻²³, and Adam's memory takes a tenth of it.
 */
export const FEEDBACK_REGULATED_ROUNDING = (1 - FIRST_MOMENT_DECAY) * 2 ** -23;
const FREE: Slot = 0;
const NUDGED: Slot = 1;

export interface FeedbackRegulatedSettings {
  /** Input, hidden layers, classes. */
  readonly layerSizes: readonly number[];
  readonly freeSteps: number;
  readonly nudgedSteps: number;
}

export function feedbackRegulated({ layerSizes, ...steps }: FeedbackRegulatedSettings): WorkloadParts {
  const network: NetworkDescription = {
    ...denseChain(layerSizes),
    activation: 'tanh',
    outputActivation: 'tanh',
    dynamics: { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
    feedback: 'symmetric',
    readout: 'softmax-cross-entropy',
  };
  const estimator = feedbackRegulatedEstimator(steps);
  const connections = network.connections.map(() => RATE);
  return {
    network,
    initialization: { name: 'glorot-uniform', gains: [], binary: false },
    estimator,
    optimizer: optimizerFrom(
      {
        rule: { kind: 'adam', firstMomentDecay: FIRST_MOMENT_DECAY, secondMomentDecay: 0.999, epsilon: 1e-8 },
        learningRates: { weights: connections, biases: connections.map(() => 0), feedback: [] },
        weightDecay: 0,
        schedule: { kind: 'constant' },
        clipping: { kind: 'none' },
      },
      estimator,
    ),
    prepare(kernels) {
      // The last hidden layer has nothing above it that settles; the read-out's errors come down without a gain.
      for (let layer = 1; layer < layerSizes.length - 2; layer++) {
        kernels.setUnits(layer, { fromAbove: new Float64Array(layerSizes[layer] ?? 0).fill(FEEDBACK_GAIN) });
      }
    },
  };
}

function feedbackRegulatedEstimator({
  freeSteps,
  nudgedSteps,
}: Pick<FeedbackRegulatedSettings, 'freeSteps' | 'nudgedSteps'>): GradientEstimator {
  const free: Phase = {
    from: 'zeros',
    into: FREE,
    schedule: 'synchronous',
    teaching: { kind: 'none' },
    steps: freeSteps,
    tolerance: 0,
    leastSteps: 1,
    interruptible: true,
  };
  const nudged: Phase = {
    ...free,
    from: FREE,
    into: NUDGED,
    teaching: { kind: 'nudge', beta: BETA },
    steps: nudgedSteps,
  };
  return {
    name: 'feedback-regulated',
    needs: { model: [], kernels: [] },
    slots: 2,
    complexStates: false,
    betas: { lowest: 0, highest: BETA },
    anderson: false,
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels) => kernels.settle(free),
    estimate(kernels, _, learn) {
      const first = kernels.settle(free);
      if (first.kind !== 'settled') return first.kind === 'stopped' ? first : { ...first, phase: 'free' };
      const second = kernels.settle(nudged);
      if (second.kind !== 'settled') return second.kind === 'stopped' ? second : { ...second, phase: 'nudged' };
      learn({
        kind: 'contrast',
        contrast: {
          terms: [
            { below: FREE, above: NUDGED, coefficient: -1, weights: 'feedforward' },
            { below: FREE, above: FREE, coefficient: 1, weights: 'feedforward' },
          ],
          readoutAt: FREE,
        },
      });
      return { kind: 'estimated', free: first, nudged: second, nudgedSlot: NUDGED };
    },
  };
}
