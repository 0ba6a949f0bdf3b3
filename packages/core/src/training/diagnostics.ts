/**
 * Looks into a network in training, on the first batch of its training data as they are, without moving anything.
 *
 *   weight-norm/<parameter>, update-norm/<parameter>   ‖θ‖, ‖θ − θ at the last look, or at the resumption since‖
 *   free-to-nudged                                     √ mean (s nudged − s free)² over all units that settle
 *   saturation/<layer>                                 share of states within 1 % of a bound of the activation
 *   dead-units/<layer>                                 share of units that no sample of the batch changes
 *   step-size-bound                                    of a gradient relaxation; see ../dynamics/stability.ts
 *   gradient-cosine                                    on demand; see ./gradient-cosine.ts
 */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Presentation } from '../datasets/presentation.ts';
import { stepSizeBound } from '../dynamics/stability.ts';
import { FREE } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels, ParameterValues, Slot } from '../kernels/kernel-set.ts';
import { activationOf, lastSettlingLayer, unitsOf } from '../kernels/network.ts';
import type { Method } from '../recipes/method.ts';
import { randomStream } from '../tensor/random.ts';
import { parameterName } from './parameter-names.ts';

/** Share of the activation's range that counts as its edge. */
const EDGE = 0.01;

export type Diagnostics = Readonly<Record<string, number>>;

/** `before`: the parameters at the last look. The batch last clamped is another one afterwards. */
export function diagnose(
  method: Method,
  kernels: NetworkKernels,
  train: Dataset,
  presentation: Presentation | undefined,
  before: ParameterValues,
): Diagnostics {
  const samples = Math.min(kernels.workspace.batchCapacity, train.sampleCount);
  clampBatch(kernels, train, undefined, 0, samples, presentation);
  const draw = { sign: 1, stream: randomStream(0, 'diagnostics'), start: 'zeros', samples } as const;
  const estimate = estimateWithoutLearning(method, kernels, draw);
  const now = kernels.readParameters();
  const found: Record<string, number> = { ...norms(now, before) };
  const bound = stepSizeBound(kernels.network, now);
  if (bound !== undefined) found['step-size-bound'] = bound;
  if (estimate.kind !== 'estimated') return found;
  if (estimate.nudgedSlot !== FREE) found['free-to-nudged'] = distance(kernels, estimate.nudgedSlot);
  return { ...found, ...layerShares(kernels, samples) };
}

/** Settles as in training; gradients that an estimator gathers by itself are dropped. */
function estimateWithoutLearning(
  { estimator }: Method,
  kernels: NetworkKernels,
  draw: Parameters<Method['estimator']['estimate']>[1],
) {
  const estimate = estimator.estimate(kernels, draw, () => undefined);
  if (estimator.accumulates) for (const { buffers } of kernels.parameters) buffers[0].fill(0);
  return estimate;
}

function norms(now: ParameterValues, before: ParameterValues): Diagnostics {
  const found: Record<string, number> = {};
  for (const kind of ['weights', 'biases', 'feedback'] as const) {
    now[kind].forEach((values, k) => {
      if (values.length === 0) return;
      const name = parameterName({ kind, index: kind === 'biases' ? k + 1 : k });
      let square = 0;
      let change = 0;
      values.forEach((value, i) => {
        square += value * value;
        change += (value - before[kind][k][i]) ** 2;
      });
      found[`weight-norm/${name}`] = Math.sqrt(square);
      found[`update-norm/${name}`] = Math.sqrt(change);
    });
  }
  return found;
}

function distance(kernels: NetworkKernels, nudged: Slot): number {
  let square = 0;
  let units = 0;
  for (let layer = 1; layer <= lastSettlingLayer(kernels.network); layer++) {
    const free = kernels.readStates(FREE, layer);
    const moved = kernels.readStates(nudged, layer);
    free.forEach((state, i) => {
      square += (moved[i] - state) ** 2;
    });
    units += free.length;
  }
  return Math.sqrt(square / units);
}

function layerShares(kernels: NetworkKernels, samples: number): Diagnostics {
  const { network } = kernels;
  const found: Record<string, number> = {};
  const last = lastSettlingLayer(network);
  for (let layer = 1; layer <= last; layer++) {
    const { lowest, highest } = activationOf(network, layer);
    const edge = EDGE * (highest - lowest);
    const states = kernels.readStates(FREE, layer);
    const units = unitsOf(network.layers[layer]);
    if (Number.isFinite(edge)) {
      const saturated = states.reduce((sum, s) => sum + (s <= lowest + edge || s >= highest - edge ? 1 : 0), 0);
      found[`saturation/${layer}`] = saturated / states.length;
    }
    // One sample changes nothing, and would call every unit dead.
    if (samples < 2) continue;
    let dead = 0;
    for (let unit = 0; unit < units; unit++) {
      let changes = false;
      for (let sample = 1; sample < samples && !changes; sample++) {
        changes = states[sample * units + unit] !== states[unit];
      }
      if (!changes) dead++;
    }
    found[`dead-units/${layer}`] = dead / units;
  }
  return found;
}
