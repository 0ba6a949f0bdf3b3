/**
 * Programs against the equations: compiled kernels on the plain engine, whose operations are loops, must do what the
 * reference does. In float64 only the order of sums is left to differ.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../reference/reference-kernels.ts';
import { type Trial, trialsFor } from '../testing/drawn-trial.ts';
import { distance, largestOf } from '../testing/slopes.ts';
import { type Movement, type Outcome, runTrial, tensorsOf } from '../testing/trial-run.ts';
import { compiledKernels } from './compiled-kernels.ts';
import { plainEngine } from './testing/plain-engine.ts';

const PRECISIONS = [
  { elementType: 'float64', tolerance: 1e-12 },
  { elementType: 'float32', tolerance: 2e-5 },
] as const;

function expectSameMovement(seen: Movement, exact: Movement, tolerance: number): void {
  const wanted = tensorsOf(exact.after);
  tensorsOf(seen.after).forEach((values, k) => {
    const scale = Math.max(1, largestOf(wanted[k]));
    expect(distance(values, wanted[k]), `tensor ${k}`).toBeLessThan(tolerance * scale * Math.max(1, exact.weight[k]));
  });
}

function expectSame(seen: Outcome, exact: Outcome, tolerance: number): void {
  seen.batches.forEach((phases, batch) => {
    phases.forEach(({ report, states }, phase) => {
      const expected = exact.batches[batch][phase];
      states.forEach((layer, k) => {
        const wanted = expected.states[k];
        expect(distance(layer, wanted), `batch ${batch}, phase ${phase}, layer ${k + 1}`).toBeLessThan(
          tolerance * Math.max(1, largestOf(wanted)),
        );
      });
      if (report.kind !== 'settled' || expected.report.kind !== 'settled') {
        expect(report).toEqual(expected.report);
        return;
      }
      expect({ steps: report.steps, reason: report.reason }).toEqual({
        steps: expected.report.steps,
        reason: expected.report.reason,
      });
      expect(Math.abs(report.residual - expected.report.residual)).toBeLessThan(
        100 * tolerance * Math.max(1, expected.report.residual),
      );
    });
  });
  expectSameMovement(seen.gradients, exact.gradients, tolerance);
  expectSameMovement(seen.parameters, exact.parameters, tolerance);
}

describe.each(PRECISIONS)('compiled kernels in $elementType', ({ elementType, tolerance }) => {
  const set = compiledKernels(plainEngine(elementType));

  it('settle, nudge and learn as the reference does', () => {
    const law = (trial: Trial) => {
      expectSame(runTrial(set, trial), runTrial(referenceKernels, trial), tolerance);
    };
    fc.assert(fc.property(trialsFor(set), law), { numRuns: elementType === 'float64' ? 30 : 15 });
  });
});
