/**
 * The contract of an activation σ: what a unit shows of what drives it, in float64.
 *
 * What an activation can do decides which estimators may use it: nudging in the complex plane needs an analytic
 * continuation, an energy needs the potential Ψ with Ψ' = σ⁻¹.
 */
import type { ComplexResult } from '../tensor/complex.ts';

export interface Activation {
  /** As jobs name it. */
  readonly name: string;
  /** Its range; states of an energy model are clipped to it. Infinite where it has no end. */
  readonly lowest: number;
  readonly highest: number;
  /** The largest slope anywhere. */
  readonly steepest: number;
  value(x: number): number;
  /** σ'(x). At a corner: the slope on the side where states live, so that a state that sits on a bound can leave it. */
  slope(x: number): number;
  /** σ''(x); 0 at a corner. */
  curvature(x: number): number;
  /** Ψ(s) inside the range, undefined where σ has no inverse. On a bound of a clipped line a state is held by the bound. */
  readonly potential: ((s: number) => number) | undefined;
  /** σ at `re` + i · `im`, written into `result`; undefined when σ has corners and hence no analytic continuation. */
  readonly continuation: ((re: number, im: number, result: ComplexResult) => void) | undefined;
}
