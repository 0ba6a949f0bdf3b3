/** How single units settle: rates and gains where operations read them. */
import { checkUnits, type UnitSettings } from '../kernel-set.ts';
import type { Layout } from './layout.ts';
import { writeRows } from './places.ts';

/** Rates at the step size and gains at one, in every layer. */
export function resetUnits({ network, layers }: Layout): void {
  const stepSize = stepSizeOf({ network });
  layers.forEach(({ settings, place }) => {
    const filled = (value: number) => new Float64Array(place.units).fill(value);
    writeRows(place, filled(stepSize), settings.rates.values);
    for (const tensor of [settings.fromBelow, settings.fromAbove, settings.ones]) {
      writeRows(place, filled(1), tensor.values);
    }
  });
}

/** Throws RangeError for settings that the layer cannot have, and then changes none. Programs have to be made anew. */
export function setUnits(layout: Layout, layer: number, given: Partial<UnitSettings>): void {
  checkUnits(layout.network, layer, given);
  const { settings, place } = layout.layers[layer];
  const isAll = (values: ArrayLike<number>, value: number) => Array.from(values).every((each) => each === value);
  const { rates, fromBelow, fromAbove } = given;
  if (rates !== undefined) {
    writeRows(place, rates, settings.rates.values);
    settings.hasRates = !isAll(rates, stepSizeOf(layout));
  }
  if (fromBelow !== undefined) {
    writeRows(place, fromBelow, settings.fromBelow.values);
    settings.hasGainsBelow = !isAll(fromBelow, 1);
  }
  if (fromAbove !== undefined) {
    writeRows(place, fromAbove, settings.fromAbove.values);
    settings.hasGainsAbove = !isAll(fromAbove, 1);
  }
}

/** Refuses what is derived for one step size and no gains. */
export function refuseSettings({ layers }: Layout, what: string): void {
  layers.forEach(({ settings }, layer) => {
    if (settings.hasRates || settings.hasGainsBelow || settings.hasGainsAbove) {
      throw new RangeError(`${what} is not defined where units have rates or gains of their own, as in layer ${layer}`);
    }
  });
}

/** Of dynamics that have one. */
export function stepSizeOf({ network: { dynamics } }: Pick<Layout, 'network'>): number {
  return 'stepSize' in dynamics ? dynamics.stepSize : 1;
}
