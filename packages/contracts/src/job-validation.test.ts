import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DatasetShape, validateJob } from './job-validation.ts';
import { RECIPE_NAMES } from './recipes/catalogue.ts';

const mnist: DatasetShape = { name: 'mnist', features: 784, classes: 10, trainSamples: 60_000, testSamples: 10_000 };

describe('validateJob', () => {
  it.each(RECIPE_NAMES)('finds the defaults of %s valid on MNIST, and what it filled in valid again', (recipe) => {
    const first = validateJob({ recipe, dataset: { name: 'mnist' } }, mnist);
    if (first.kind === 'invalid') throw new Error(JSON.stringify(first.faults));
    expect(validateJob(first.spec, mnist)).toEqual(first);
    expect(validateJob(JSON.parse(JSON.stringify(first.spec)), 'unchecked')).toEqual(first);
  });

  it('never changes what it was given', () => {
    const body = Object.freeze({ recipe: 'ep', dataset: Object.freeze({ name: 'mnist' }) });
    expect(validateJob(body, mnist).kind).toBe('valid');
    expect(body).toEqual({ recipe: 'ep', dataset: { name: 'mnist' } });
  });

  it('answers any JSON at all with a verdict, and every fault points into the body', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const verdict = validateJob(body, mnist);
        if (verdict.kind === 'valid') return;
        expect(verdict.faults.length).toBeGreaterThan(0);
        for (const fault of verdict.faults) {
          expect(fault.pointer).toMatch(/^(\/|$)/);
          expect(fault.code).toMatch(/^[a-z_]+$/);
          expect(fault.detail).not.toBe('');
        }
      }),
    );
  });

  it.each([63, 64, 255, 256, 257, 300])(
    'takes no body for valid because %i unknown fields hide what is wrong',
    (count) => {
      const unknown = Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, 1]));
      const job = { recipe: 'ep', dataset: { name: 'mnist' } };
      for (const body of [
        { ...unknown, ...job, training: { epochs: -5 } },
        { ...job, training: { ...unknown, epochs: 1 } },
        { ...unknown, ...job },
      ]) {
        expect(validateJob(body, mnist).kind).toBe('invalid');
      }
    },
  );

  it('refuses what is nested without end, and does not repeat a key of a megabyte', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`);
    expect(validateJob({ recipe: 'ep', dataset: { name: 'mnist' }, network: deep }, mnist)).toMatchObject({
      faults: [{ code: 'too_deep' }],
    });
    const verdict = validateJob({ recipe: 'ep', dataset: { name: 'mnist' }, ['k'.repeat(1_000_000)]: 1 }, mnist);
    expect(JSON.stringify(verdict).length).toBeLessThan(1_000);
  });

  it('refuses more batches than the store can count', () => {
    const body = { recipe: 'ep', dataset: { name: 'mnist' }, training: { epochs: 100_000, batch_size: 1 } };
    expect(validateJob(body, mnist)).toMatchObject({
      faults: [{ pointer: '/training/epochs', code: 'too_many_steps' }],
    });
  });

  it('finds a fault wherever one is planted in a valid body, and exactly there', () => {
    const planted: readonly [pointer: string, body: object][] = [
      ['/seed', { seed: 1.5 }],
      ['/lanes', { lanes: 17 }],
      ['/precision', { precision: 'float16' }],
      ['/determinism', { determinism: 'portable-ish' }],
      ['/settling/beta', { settling: { beta: -1 } }],
      ['/settling/step_size', { settling: { step_size: 1.01 } }],
      ['/training/batch_size', { training: { batch_size: 0 } }],
      ['/limits/max_attempts', { limits: { max_attempts: 0 } }],
      ['/network/layers/1', { network: { layers: [784, -3, 10] } }],
      ['/training/learning_rates/1', { training: { learning_rates: [0.1, -0.1] } }],
    ];
    fc.assert(
      fc.property(fc.subarray([...planted], { minLength: 1 }), (chosen) => {
        const body = chosen.reduce<object>((merged, [, part]) => mergeOneLevel(merged, part), {});
        const verdict = validateJob({ recipe: 'ep', dataset: { name: 'mnist' }, ...body }, mnist);
        const pointers = verdict.kind === 'invalid' ? verdict.faults.map((fault) => fault.pointer) : [];
        expect(pointers.toSorted()).toEqual(chosen.map(([pointer]) => pointer).toSorted());
      }),
    );
  });
});

/** Both objects, and the members of both where they have an object under the same key. */
function mergeOneLevel(into: object, part: object): object {
  const merged = new Map<string, unknown>(Object.entries(into));
  for (const [key, value] of Object.entries(part)) {
    const before = merged.get(key);
    const both = typeof before === 'object' && typeof value === 'object' && !Array.isArray(value);
    merged.set(key, both ? { ...before, ...value } : value);
  }
  return Object.fromEntries(merged);
}
