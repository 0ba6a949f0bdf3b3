/** Descriptions from outside: what is read back, and that what is wrong is named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MethodDescription } from './method-description.ts';
import { parseMethodDescription } from './method-parser.ts';
import { EVERY_RECIPE } from './testing/every-recipe.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const numbers = fc.array(number, { maxLength: 4 });
const ranged = <const Name extends string>(...names: readonly Name[]) => fc.constantFrom(...names);

const activation = ranged('hard-sigmoid', 'clipped-relu', 'logistic', 'tanh', 'identity');
const window = { kernelSize: number, stride: number, padding: number };
const layer = fc.oneof(
  number,
  fc.record({
    channels: number,
    ...window,
    pooling: fc.option(fc.record({ kind: ranged('max', 'average', 'softmax'), size: number })),
  }),
);
const whole = fc.maxSafeInteger();

/** Any description that is well formed, whether or not a method can be built from it. */
const descriptions: fc.Arbitrary<MethodDescription> = fc.record({
  recipe: fc.string(),
  network: fc.record({
    input: fc.tuple(number, number, number),
    layers: fc.array(layer, { maxLength: 4 }),
    skips: fc.array(fc.record({ from: whole, to: whole, ...window }), { maxLength: 2 }),
    activation,
    outputActivation: activation,
    readout: ranged('squared-error', 'softmax-cross-entropy'),
    feedback: ranged('symmetric', 'separate'),
  }),
  model: fc.oneof(
    fc.record({ kind: ranged('deep-hopfield', 'predictive-coding'), stepSize: number }),
    fc.record({ kind: fc.constant('prototypical'), stepSize: number, nudge: ranged('inside', 'outside') }),
    fc.record({ kind: fc.constant('goodness'), threshold: number }),
  ),
  settling: fc.record({
    freeSchedule: ranged('synchronous', 'even-odd', 'anderson', 'feed-forward'),
    schedule: ranged('synchronous', 'even-odd', 'anderson', 'feed-forward'),
    freeSteps: number,
    nudgedSteps: number,
    tolerance: number,
    initialStates: ranged('zeros', 'persistent', 'previous-batch'),
  }),
  estimator: fc.oneof(
    fc.record({
      kind: fc.constant('equilibrium-propagation'),
      nudging: ranged('one-sided', 'random-sign', 'centred'),
      beta: number,
    }),
    fc.record({ kind: fc.constant('holomorphic-equilibrium-propagation'), beta: number, points: number }),
    fc.record({
      kind: fc.constant('continual-equilibrium-propagation'),
      nudging: ranged('one-sided', 'random-sign'),
      beta: number,
    }),
    fc.record({
      kind: fc.constant('agnostic-equilibrium-propagation'),
      nudging: ranged('optimistic', 'pessimistic', 'centred'),
      beta: number,
      parameterIterations: number,
    }),
    fc.record({ kind: fc.constant('held-outputs'), nudging: ranged('one-sided', 'centred'), fraction: number }),
    fc.record({ kind: fc.constant('non-reciprocal-equilibrium-propagation'), beta: number }),
    fc.record({
      kind: ranged('backpropagation', 'feedback-alignment', 'backpropagation-through-time', 'forward-forward'),
    }),
  ),
  optimizer: fc.record({
    rule: fc.oneof(
      fc.record({ kind: fc.constant('gradient-descent') }),
      fc.record({ kind: ranged('momentum', 'nesterov'), momentum: number }),
      fc.record({
        kind: fc.constant('adam'),
        firstMomentDecay: number,
        secondMomentDecay: number,
        epsilon: number,
      }),
      fc.record({ kind: fc.constant('binary-flip'), momentumGains: numbers, thresholds: numbers }),
    ),
    learningRates: fc.record({ weights: numbers, biases: numbers, feedback: numbers }),
    weightDecay: number,
    schedule: fc.oneof(
      fc.record({ kind: fc.constant('constant'), warmUpEpochs: number }),
      fc.record({ kind: fc.constant('step'), everyEpochs: number, factor: number, warmUpEpochs: number }),
      fc.record({ kind: fc.constant('exponential'), factorPerEpoch: number, warmUpEpochs: number }),
      fc.record({ kind: fc.constant('cosine'), epochs: number, lowest: number, warmUpEpochs: number }),
    ),
    clipping: fc.oneof(
      fc.record({ kind: fc.constant('none') }),
      fc.record({ kind: ranged('norm', 'value'), limit: number }),
    ),
  }),
  initialization: fc.record({
    name: ranged('glorot-uniform', 'glorot-normal', 'kaiming-uniform', 'kaiming-normal', 'fan-in-uniform'),
    gains: numbers,
    biasGain: number,
    binary: fc.boolean(),
  }),
});

/** Paths to every field of a description, and to the fields and entries inside it. */
function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, part]) => pathsIn(part, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], wrong: unknown): unknown {
  if (typeof value !== 'object' || value === null) throw new Error('no such path');
  const part = Object.entries(value).find(([name]) => name === key)?.[1];
  const changed = rest.length === 0 ? wrong : replaced(part, rest, wrong);
  if (Array.isArray(value)) return value.map((entry: unknown, at) => (String(at) === key ? changed : entry));
  return { ...value, [key]: changed };
}

describe('parseMethodDescription', () => {
  it('reads back every description that is well formed, and gives it one text', () => {
    fc.assert(
      fc.property(descriptions, (description) => {
        const parsed = parseMethodDescription(throughJson(description));
        expect(parsed).toEqual(description);
        const turned = Object.fromEntries(Object.entries(description).reverse());
        expect(JSON.stringify(parseMethodDescription(turned))).toBe(JSON.stringify(parsed));
      }),
      { numRuns: 300 },
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
    const optional = /^(initialization\.biasGain|optimizer\.schedule\.warmUpEpochs)$/;
    fc.assert(
      fc.property(descriptions, (description) => {
        const value = throughJson(description);
        for (const path of pathsIn(value)) {
          const name = path.filter((key) => !/^\d+$/.test(key)).at(-1);
          // A layer may be a number or an object, and a list of another length is for whoever knows the network.
          const wrongs = [undefined, true, 'no such name', [null], { kind: 'none at all' }].filter(
            (wrong) =>
              !(wrong === undefined && optional.test(path.join('.'))) &&
              !(wrong === true && name === 'binary') &&
              !(typeof wrong === 'string' && name === 'recipe'),
          );
          for (const wrong of wrongs) {
            const hostile = replaced(value, path, wrong);
            expect(() => parseMethodDescription(hostile)).toThrow(RangeError);
            expect(() => parseMethodDescription(hostile)).toThrow(name);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('takes what may be left out for its default, and null for nothing', () => {
    const { description } = EVERY_RECIPE[0].method;
    const { biasGain: _, ...initialization } = description.initialization;
    const without = {
      ...description,
      initialization,
      optimizer: { ...description.optimizer, schedule: { kind: 'constant' } },
    };
    expect(parseMethodDescription(without)).toEqual(description);
    expect(description.initialization.biasGain).toBe(1);
    expect(description.optimizer.schedule.warmUpEpochs).toBe(0);
    for (const path of [
      ['initialization', 'biasGain'],
      ['optimizer', 'schedule', 'warmUpEpochs'],
    ]) {
      expect(() => parseMethodDescription(replaced(description, path, null))).toThrow(path.at(-1));
    }
  });

  it('drops fields that it does not know', () => {
    const { description } = EVERY_RECIPE[0].method;
    expect(parseMethodDescription({ ...description, extra: 1, network: { ...description.network, more: 2 } })).toEqual(
      description,
    );
  });
});
