/**
 * How single units settle.
 *
 *   drive_k = b_k + input + fromBelow_k ⊙ Σ_{c: → k} P_c(W_c ∗ r_from) + fromAbove_k ⊙ Σ_{c: k →} J_cᵀ r_to
 *
 * and a rate of its own for every unit in place of the step size.
 */
import { checkUnits, type UnitSettings } from '../kernel-set.ts';
import type { Field } from './field.ts';
import type { Layout } from './layout.ts';

/** Throws RangeError for settings that the layer cannot have, and then changes none. */
export function setUnits({ network, settings }: Layout, layer: number, given: Partial<UnitSettings>): void {
  checkUnits(network, layer, given);
  const own = settings[layer];
  for (const part of ['rates', 'fromBelow', 'fromAbove'] as const) {
    const values = given[part];
    if (values !== undefined) own[part].set(values);
  }
  own.hasGains = !isAll(own.fromBelow, 1) || !isAll(own.fromAbove, 1);
}

/** Refuses what is derived for one step size and no gains. */
export function refuseSettings({ network, settings, lastSettling }: Layout, what: string): void {
  const { dynamics } = network;
  const stepSize = 'stepSize' in dynamics ? dynamics.stepSize : 1;
  for (let layer = 1; layer <= lastSettling; layer++) {
    if (settings[layer].hasGains || !isAll(settings[layer].rates, stepSize)) {
      throw new RangeError(`${what} is not defined where units have rates or gains of their own, as in layer ${layer}`);
    }
  }
}

/** field ⊙= one gain per unit. */
export function scaleByGain({ re, im }: Field, gain: Float64Array, samples: number): void {
  for (let i = 0; i < samples * gain.length; i++) {
    re[i] *= gain[i % gain.length];
    if (im !== undefined) im[i] *= gain[i % gain.length];
  }
}

function isAll(values: Float64Array, value: number): boolean {
  return values.every((each) => each === value);
}
