/**
 * Lines clipped to an interval, the family of the hard activations.
 *
 *   σ(x) = clip(slope · x, 0, highest),   Ψ(s) = s² / (2 · slope) on [0, highest]
 */
import type { Activation } from './activation.ts';

/** `slope` > 0, `highest` > 0. */
export function clippedLine(name: string, slope: number, highest: number): Activation {
  return {
    name,
    lowest: 0,
    highest,
    steepest: slope,
    value: (x) => Math.min(Math.max(slope * x, 0), highest),
    slope: (x) => (x >= 0 && slope * x <= highest ? slope : 0),
    curvature: () => 0,
    potential: (s) => (s * s) / (2 * slope),
    continuation: undefined,
  };
}
