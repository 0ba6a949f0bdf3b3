/** Reads a method's description from outside, such as a checkpoint's header. Throws RangeError, naming the field. */
import type { Nudging } from '../estimators/equilibrium-propagation.ts';
import type { MethodDescription } from './method-description.ts';

export function parseMethodDescription(value: unknown): MethodDescription {
  const fields = recordOf(value, 'method');
  return {
    recipe: stringOf(fields.recipe, 'recipe'),
    layerSizes: numbersOf(fields.layerSizes, 'layerSizes'),
    activation: oneOf(fields.activation, 'activation', ['hard-sigmoid', 'logistic', 'tanh']),
    model: modelOf(recordOf(fields.model, 'model')),
    nudging: nudgingOf(recordOf(fields.nudging, 'nudging')),
    freeSteps: numberOf(fields.freeSteps, 'freeSteps'),
    nudgedSteps: numberOf(fields.nudgedSteps, 'nudgedSteps'),
    initialization: oneOf(fields.initialization, 'initialization', ['glorot-uniform', 'fan-in-uniform']),
    learningRates: numbersOf(fields.learningRates, 'learningRates'),
  };
}

function modelOf(fields: Readonly<Record<string, unknown>>): MethodDescription['model'] {
  const kind = oneOf(fields.kind, 'model.kind', ['deep-hopfield', 'prototypical']);
  return kind === 'deep-hopfield'
    ? { kind, stepSize: numberOf(fields.stepSize, 'model.stepSize') }
    : { kind, nudge: oneOf(fields.nudge, 'model.nudge', ['inside', 'outside']) };
}

function nudgingOf(fields: Readonly<Record<string, unknown>>): Nudging {
  return {
    kind: oneOf(fields.kind, 'nudging.kind', ['one-sided', 'random-sign', 'centred']),
    beta: numberOf(fields.beta, 'nudging.beta'),
  };
}

function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new RangeError(`${name} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new RangeError(`${name} is not a string`);
  return value;
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new RangeError(`${name} is not a number`);
  return value;
}

function numbersOf(value: unknown, name: string): number[] {
  if (!Array.isArray(value)) throw new RangeError(`${name} is not a list`);
  return value.map((entry, at) => numberOf(entry, `${name}/${at}`));
}

function oneOf<const Name extends string>(value: unknown, field: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new RangeError(`${field} is none of ${names.join(', ')}`);
  return found;
}
