/**
 * What makes equilibrium propagation exact on a network whose couplings are not symmetric: the force (Jᵀ − J)(s − s⁰).
 *
 *   F = −s + σ(drive(s)),   J = diag(σ'(drive(s⁰))) D − 1   with D the Jacobian of the drive, both at the free state s⁰
 *   (Jᵀ − J) v = Dᵀ(σ' ⊙ v) − σ' ⊙ (D v)
 *
 * Dᵀ is the drive with feedforward and feedback weights exchanged. Connections are linear here: no pooling.
 *
 * Scurria et al. (2026), non-reciprocal equilibrium propagation.
 */
import { driveLayer, FULL_DRIVE } from './drive.ts';
import { type Field, realPart } from './field.ts';
import type { Layout } from './layout.ts';

const TANGENT = { bias: false, feedback: true, transposed: false } as const;
const TRANSPOSED_TANGENT = { bias: false, feedback: true, transposed: true } as const;

/** σ'(drive) of every settling layer at `states`, in new arrays. */
export function slopesAt(layout: Layout, states: readonly Field[], samples: number): readonly Float64Array[] {
  return layout.units.map((units, layer) => {
    if (layer === 0 || layer > layout.lastSettling) return new Float64Array(0);
    const drive = realPart(layout.scratch.drive[layer]);
    driveLayer(layout, layer, states, drive, samples, FULL_DRIVE);
    const { slope } = layout.activations[layer];
    return Float64Array.from({ length: samples * units }, (_, i) => slope(drive.re[i]));
  });
}

/** The correction about the states of one slot, as a function of the present states. */
export function correctionAbout(
  layout: Layout,
  about: readonly Field[],
  samples: number,
): (layer: number, states: readonly Field[]) => Float64Array {
  const slopes = slopesAt(layout, about, samples);
  const plain: Field[] = layout.scratch.tangents.map(realPart);
  const scaled: Field[] = layout.scratch.forces.map(realPart);
  const fields = () => layout.units.map((units): Field => ({ re: new Float64Array(samples * units), im: undefined }));
  const forward = fields();
  const correction = fields();
  return (layer, states) => {
    for (let k = 1; k <= layout.lastSettling; k++) {
      const count = samples * layout.units[k];
      for (let i = 0; i < count; i++) {
        const moved = states[k].re[i] - about[k].re[i];
        plain[k].re[i] = moved;
        scaled[k].re[i] = slopes[k][i] * moved;
      }
    }
    driveLayer(layout, layer, plain, forward[layer], samples, TANGENT);
    driveLayer(layout, layer, scaled, correction[layer], samples, TRANSPOSED_TANGENT);
    const { re } = correction[layer];
    for (let i = 0; i < re.length; i++) re[i] -= slopes[layer][i] * forward[layer].re[i];
    return re;
  };
}
