/**
 * Can outputs settle under a nudge that no activation squashes?
 *
 *   o ← (1 − ε) o + ε [a − β (o − y)]      multiplies what is left of an error by 1 − ε (1 + β)
 *
 * With all else at rest this settles where −1 < 1 − ε (1 + β) < 1: for β > 0 where ε (1 + β) < 2, for −β where β < 1. So it is
 * with linear outputs, with nudges outside σ, and under the energy gradient. The latter's outputs are clipped: a strong
 * negative nudge holds them on a bound, which published settings use, while a strong positive one makes them swing.
 */
import { activationNamed } from '../activations/catalogue.ts';
import type { NetworkDescription } from '../kernels/network.ts';

/** The fault of nudges of strengths from `lowest` to `highest` β, or undefined where outputs may settle. */
export function nudgeFault(
  { dynamics, readout, outputActivation }: NetworkDescription,
  { lowest, highest }: { readonly lowest: number; readonly highest: number },
): string | undefined {
  if (readout !== 'squared-error' || !('stepSize' in dynamics)) return undefined;
  const isLinear = !Number.isFinite(activationNamed(outputActivation).highest);
  const isOutside = dynamics.kind === 'discrete-map' && dynamics.nudge === 'outside';
  const isClipped = dynamics.kind === 'energy-gradient' && !isLinear;
  if (dynamics.kind === 'discrete-map' && !isLinear && !isOutside) return undefined;
  if (lowest <= -1 && !isClipped) {
    return `outputs without bounds do not settle at a nudge of -1 or below, beta goes to ${lowest}`;
  }
  const factor = dynamics.stepSize * (1 + highest);
  return factor >= 2
    ? `outputs do not settle where step size times 1 + beta is 2 or more, here it is ${factor}`
    : undefined;
}
