/**
 * What makes equilibrium propagation exact on networks that are not reciprocal, as operations: the force (Jᵀ − J)(s − s⁰).
 *
 *   (Jᵀ − J) v = Dᵀ(σ' ⊙ v) − σ' ⊙ (D v),   v = s − s⁰,   σ' = σ'(drive(s⁰))
 *
 * D is the drive without bias and input, Dᵀ the same with feedforward and feedback weights exchanged.
 */
import { constantDrive, fromAbove, fromBelow, materialized } from './drives.ts';
import type { CorrectionScratch, Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, copyRows, multiplySlope } from './operations.ts';

/** The drive of every settling layer in slot `about`, into the scratch of that name. */
export function prepareCorrection(layout: Layout, about: number): readonly Operation[] {
  return fullDrives(layout, about, (layer) => scratchOf(layout, layer).about);
}

/** What layers are driven by in a slot, all of them. */
export function fullDrives(layout: Layout, slot: number, into: (layer: number) => Rows): readonly Operation[] {
  const shown = (layer: number) => layout.layers[layer].shown[slot];
  // All that goes up first: poolings remember what they saw for what comes down.
  const ups = settlingLayers(layout).map((layer) => {
    const start = constantDrive(layout, layer);
    return { layer, ...fromBelow(layout, layer, { start, into: into(layer), shown }) };
  });
  const downs = ups.flatMap(({ layer, sum }) => {
    const { operations, sum: end } = fromAbove(layout, layer, { start: sum, into: into(layer), shown });
    // Nothing may have been added to bias and input.
    const isElsewhere = end !== undefined && end.pointer !== into(layer).pointer;
    return isElsewhere ? [...operations, copyRows(end, into(layer), layout.places[layer].stride)] : operations;
  });
  return [...ups.flatMap(({ operations }) => operations), ...downs];
}

/** Correction and nudge of each moved layer, by layer; `nudges` may have one too. */
export function correctedNudges(
  layout: Layout,
  moved: readonly number[],
  slot: number,
  about: number,
  nudges: readonly (Rows | undefined)[],
): { readonly operations: readonly Operation[]; readonly nudges: readonly Rows[] } {
  const operations: Operation[] = [];
  for (const layer of settlingLayers(layout)) {
    const { states, place, activation } = layout.layers[layer];
    const { deviation, scaled, about: drive } = scratchOf(layout, layer);
    operations.push(combineRows([1, states[slot]], [-1, states[about]], deviation, place.stride));
    operations.push(multiplySlope(deviation, drive, scaled, place.stride, activation));
  }
  const corrected: Rows[] = [];
  for (const layer of moved) {
    const { place, activation, drive } = layout.layers[layer];
    const { force, about: driveAbout } = scratchOf(layout, layer);
    operations.push(...tangent(layout, layer, (other) => scratchOf(layout, other).scaled, force, true));
    operations.push(...tangent(layout, layer, (other) => scratchOf(layout, other).deviation, drive, false));
    operations.push(multiplySlope(drive, driveAbout, drive, place.stride, activation));
    operations.push(combineRows([1, force], [-1, drive], force, place.stride));
    const nudge = nudges[layer];
    if (nudge !== undefined) operations.push(combineRows([1, force], [1, nudge], force, place.stride));
    corrected[layer] = force;
  }
  return { operations, nudges: corrected };
}

/** The drive without bias and input. */
function tangent(
  layout: Layout,
  layer: number,
  shown: (layer: number) => Rows,
  into: Rows,
  isTransposed: boolean,
): readonly Operation[] {
  const up = fromBelow(layout, layer, { start: undefined, into, shown, isTransposed });
  const down = fromAbove(layout, layer, { start: up.sum, into, shown, isTransposed });
  const operations = [...up.operations, ...down.operations];
  return materialized({ operations, sum: down.sum }, into, layout.places[layer].stride).operations;
}

function settlingLayers({ lastSettling }: Layout): readonly number[] {
  return Array.from({ length: lastSettling }, (_, k) => k + 1);
}

function scratchOf({ layers }: Layout, layer: number): CorrectionScratch {
  const { correction } = layers[layer];
  if (correction === undefined) throw new RangeError('only discrete maps with separate feedback are corrected');
  return correction;
}
