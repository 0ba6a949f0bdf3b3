/**
 * What a connection does, apart from whose weights it uses: layers drive each other through any of these.
 *
 *   forward    above += P(w ∗ below)
 *   backward   below += J(at)ᵀ above,   J(at) = ∂P(w ∗ at)/∂at
 *   product    gradient += Re[ c · ∂⟨above, P(w ∗ below)⟩/∂w ],   summed over samples
 *
 * w is real, so a complex field goes through the linear parts one component after the other.
 */
import type { Complex } from '../../tensor/complex.ts';
import type { Field } from './field.ts';

export interface ConnectionOperator {
  forward(weights: Float64Array, below: Field, above: Field, samples: number): void;
  /** `at`: the states below at which a pooling chose its units. */
  backward(weights: Float64Array, at: Field, above: Field, below: Field, samples: number): void;
  product(
    weights: Float64Array,
    below: Field,
    above: Field,
    coefficient: Complex,
    gradient: Float64Array,
    samples: number,
  ): void;
}
