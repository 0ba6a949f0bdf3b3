/** Judges an engine by the plain float64 one: what it wrote, how far off it is, and what it should have left alone. */
import { DONE } from '../words.ts';
import { plainEngine } from './plain-engine.ts';
import type { Scene } from './scene.ts';
import { type Outcome, openStage, type Run, type Stage } from './stage.ts';

const judge = openStage(plainEngine('float64'));

export interface Bound {
  /** Roundings on the way to an entry: as many as there are terms in a sum, and a few more. */
  readonly roundings: number;
  /** Of a number in the sum; absent: the sum of the sizes of all terms, which takes an operation that is linear. */
  readonly size?: number;
}

/** Half of the spacing of numbers about 1, and the spacing of those about 0. */
export function precisionOf(elementType: 'float32' | 'float64'): { rounding: number; least: number } {
  return elementType === 'float32'
    ? { rounding: 2 ** -24, least: 2 ** -149 }
    : { rounding: 2 ** -53, least: Number.MIN_VALUE };
}

/** The expected outcome, and every fault of the engine in words; none for an engine that does as it should. */
export function judged(stage: Stage, scene: Scene, run: Run, bound: Bound) {
  const outcome = stage.perform(scene, run);
  const expected = judge.perform(scene, run);
  const sizes = bound.size === undefined ? judge.perform(scene, run, true) : undefined;
  return { outcome, expected, faults: faultsOf(stage, scene, { outcome, expected, sizes }, bound) };
}

interface Outcomes {
  readonly outcome: Outcome;
  readonly expected: Outcome;
  readonly sizes: Outcome | undefined;
}

function faultsOf(stage: Stage, scene: Scene, { outcome, expected, sizes }: Outcomes, bound: Bound): string[] {
  const { rounding, least } = precisionOf(stage.engine.elementType);
  const faults: string[] = [];
  scene.tensors.forEach((tensor, k) => {
    const found = outcome.values.get(tensor) ?? [];
    const wanted = expected.values.get(tensor) ?? [];
    const size = sizes?.values.get(tensor);
    for (let place = 0; place < tensor.values.length; place++) {
      const where = `tensor ${k}, place ${place}`;
      if (!tensor.isWritten(place)) {
        if (tensor.isScratch?.(place) === true) continue;
        const before = stored(tensor.values[place], stage, tensor.kind);
        if (!Object.is(found[place], before))
          faults.push(`${where} was ${before} and is ${found[place]}: not to be written`);
        continue;
      }
      // How far the other rows have come when a run breaks off is not said.
      if (expected.status !== DONE) continue;
      const allowance =
        tensor.kind === 'integers' ? 0 : 2 * bound.roundings * (rounding * (bound.size ?? size?.[place] ?? 0) + least);
      if (!agrees(found[place], wanted[place], allowance)) {
        faults.push(`${where} is ${found[place]} instead of ${wanted[place]}, ${allowance} allowed`);
      }
    }
  });
  return faults.slice(0, 5);
}

/** NaN is as good as NaN, −0 as 0. */
function agrees(found: number, wanted: number, allowance: number): boolean {
  if (Number.isNaN(wanted)) return Number.isNaN(found);
  if (!Number.isFinite(wanted)) return found === wanted;
  return Math.abs(found - wanted) <= allowance;
}

function stored(value: number, { engine }: Stage, kind: 'entries' | 'integers'): number {
  return kind === 'entries' && engine.elementType === 'float32' ? Math.fround(value) : value;
}

/** Whether two outcomes of one engine hold the same bits wherever `isCompared` says so. */
export function differences(
  scene: Scene,
  one: Outcome,
  other: Outcome,
  isCompared: (tensor: number, place: number) => boolean = () => true,
): string[] {
  return scene.tensors.flatMap((tensor, k) => {
    const first = one.values.get(tensor) ?? new Float64Array();
    const second = other.values.get(tensor) ?? new Float64Array();
    return [...first.keys()]
      .filter((place) => isCompared(k, place) && !Object.is(first[place], second[place]))
      .slice(0, 3)
      .map((place) => `tensor ${k}, place ${place}: ${first[place]} and ${second[place]}`);
  });
}
