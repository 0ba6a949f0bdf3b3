import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epRecipe } from './equilibrium-propagation.ts';
import { methodFrom } from './method.ts';
import type { MethodDescription } from './method-description.ts';
import { parseMethodDescription } from './method-parser.ts';
import { prototypicalEpRecipe } from './prototypical-equilibrium-propagation.ts';

const positive = fc.double({ min: 1e-6, max: 1, noNaN: true });

/** Any description that a method can be built from. */
const descriptions: fc.Arbitrary<MethodDescription> = fc
  .array(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 5 })
  .chain((layerSizes) =>
    fc.record({
      recipe: fc.string(),
      layerSizes: fc.constant(layerSizes),
      activation: fc.constantFrom('hard-sigmoid', 'logistic', 'tanh'),
      model: fc.oneof(
        fc.record({ kind: fc.constant('deep-hopfield'), stepSize: positive }),
        fc.record({ kind: fc.constant('prototypical'), nudge: fc.constantFrom('inside', 'outside') }),
      ),
      nudging: fc.record({ kind: fc.constantFrom('one-sided', 'random-sign', 'centred'), beta: positive }),
      freeSteps: fc.integer({ min: 1, max: 500 }),
      nudgedSteps: fc.integer({ min: 1, max: 500 }),
      initialization: fc.constantFrom('glorot-uniform', 'fan-in-uniform'),
      learningRates: fc.array(positive, { minLength: layerSizes.length - 1, maxLength: layerSizes.length - 1 }),
    }),
  );

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const SETTINGS = {
  layerSizes: [4, 3, 2],
  activation: 'tanh',
  nudging: { kind: 'centred', beta: 0.5 },
  freeSteps: 10,
  nudgedSteps: 4,
  learningRates: [0.1, 0.05],
} as const;

const METHODS = [
  epRecipe({ ...SETTINGS, stepSize: 0.5 }),
  prototypicalEpRecipe({ ...SETTINGS, nudge: 'inside' }),
  prototypicalEpRecipe({ ...SETTINGS, nudge: 'outside' }),
];

describe('parseMethodDescription', () => {
  it('reads back every description that a method can be built from', () => {
    fc.assert(
      fc.property(descriptions, (description) => {
        expect(parseMethodDescription(throughJson(description))).toEqual(description);
      }),
    );
  });

  it('answers anything else with RangeError', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => parseMethodDescription(value)).toThrow(RangeError);
      }),
    );
  });

  it('refuses a description with any one field missing or of another type, and names the field', () => {
    for (const { description } of METHODS) {
      for (const field of Object.keys(description)) {
        for (const wrong of [undefined, null, true, 'no such name', [null], {}]) {
          if (field === 'recipe' && typeof wrong === 'string') continue;
          const value = { ...description, [field]: wrong };
          expect(() => parseMethodDescription(value)).toThrow(RangeError);
          expect(() => parseMethodDescription(value)).toThrow(field);
        }
      }
    }
  });

  it('drops fields that it does not know', () => {
    const [{ description }] = METHODS;
    expect(parseMethodDescription({ ...description, extra: 1 })).toEqual(description);
  });
});

describe('a method', () => {
  it('has one text for one description, however its fields were ordered', () => {
    fc.assert(
      fc.property(descriptions, (description) => {
        const { recipe, layerSizes, ...others } = description;
        const text = JSON.stringify(methodFrom(description).description);
        expect(JSON.stringify(methodFrom({ ...others, layerSizes, recipe }).description)).toBe(text);
        expect(JSON.stringify(parseMethodDescription(throughJson(description)))).toBe(text);
      }),
    );
  });

  it.each(METHODS)('of recipe $description.recipe is rebuilt from the text of its description', (method) => {
    const { description } = methodFrom(parseMethodDescription(throughJson(method.description)));
    expect(JSON.stringify(description)).toBe(JSON.stringify(method.description));
  });

  it('is refused with RangeError when a part cannot work with a value', () => {
    const [{ description }] = METHODS;
    const faults: readonly Partial<MethodDescription>[] = [
      { learningRates: [0.1] },
      { learningRates: [0.1, Number.NaN] },
      { layerSizes: [4] },
      { layerSizes: [4, 0, 2] },
      { freeSteps: 0 },
      { nudgedSteps: 1.5 },
      { nudging: { kind: 'centred', beta: 0 } },
      { model: { kind: 'deep-hopfield', stepSize: 2 } },
    ];
    for (const fault of faults) expect(() => methodFrom({ ...description, ...fault })).toThrow(RangeError);
  });
});
