/** The contract refuses nudges without core; here the two are held to each other. */
import { type JobSpec, type RecipeName, validateJob } from '@settle/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { methodOf } from './recipes.ts';

const NUDGED: readonly RecipeName[] = [
  'ep',
  'prototypical-ep',
  'convolutional-ep',
  'hopfield-resnet-ep',
  'holomorphic-ep',
  'continual-ep',
  'agnostic-ep',
  'non-reciprocal-ep',
  'binary-ep',
];

const bodies = fc.record({
  recipe: fc.constantFrom(...NUDGED),
  network: fc.record({
    activation: fc.constantFrom('logistic', 'tanh', 'identity'),
    output_activation: fc.constantFrom(null, 'logistic', 'identity'),
    readout: fc.constantFrom('squared-error', 'softmax-cross-entropy'),
  }),
  settling: fc.record({
    step_size: fc.double({ min: 0.05, max: 1, noNaN: true }),
    beta: fc.oneof(fc.double({ min: 0.01, max: 8, noNaN: true }), fc.constantFrom(1, 2, 3)),
    nudge: fc.constantFrom('inside', 'outside'),
    nudging: fc.constantFrom('one-sided', 'random-sign', 'centred', 'optimistic', 'pessimistic'),
  }),
});

function defaultsOf(recipe: RecipeName): JobSpec {
  const validation = validateJob({ recipe, dataset: { name: 'x' } }, 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec;
}

/** The fields of `given` that the section of a recipe has. */
function known(section: object, given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([key]) => key in section));
}

function wordsOf(build: () => unknown): string {
  try {
    build();
    return '';
  } catch (error) {
    return String(error);
  }
}

it('refuses the nudges that core refuses, and no others', () => {
  const seen = { refused: 0, built: 0 };
  fc.assert(
    fc.property(bodies, ({ recipe, network, settling }) => {
      const spec = defaultsOf(recipe);
      const sections = {
        network: { ...spec.network, ...network },
        settling: { ...('settling' in spec ? { ...spec.settling, ...known(spec.settling, settling) } : {}) },
      };
      const verdict = validateJob({ ...spec, ...sections }, 'unchecked');
      const faults = verdict.kind === 'invalid' ? verdict.faults : [];
      fc.pre(faults.every(({ code }) => code === 'nudge_unstable'));
      // The checked type of an unchecked body: core's own refusal is what is asked for.
      const words = wordsOf(() => methodOf({ ...spec, ...sections } as JobSpec));
      expect(words).toMatch(/^$|do not settle/);
      expect(faults.length > 0).toBe(words !== '');
      seen[words === '' ? 'built' : 'refused']++;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(seen.refused, seen.built)).toBeGreaterThan(100);
});
