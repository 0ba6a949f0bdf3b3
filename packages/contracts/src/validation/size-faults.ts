/** Does a job fit into what a worker gives it? Weights, the states of a batch, and states kept for every sample. */
import {
  MAXIMUM_BATCH_UNITS,
  MAXIMUM_PERSISTENT_VALUES,
  MAXIMUM_STATE_VALUES,
  MAXIMUM_UNITS,
  MAXIMUM_WEIGHTS,
} from '../limits.ts';
import type { Fault } from '../problem.ts';
import type { RecipeName } from '../recipes/catalogue.ts';
import { numberAt, textAt, valueAt } from './body-reader.ts';
import { type LayerShape, type NetworkOutline, unitsOf } from './network-outline.ts';
import { RECIPE_TRAITS } from './recipe-traits.ts';

/** Copies of a batch's states that kernels need beside the slots of the phases, and for Anderson acceleration. */
const SCRATCH_COPIES = 6;
const ANDERSON_COPIES = 14;
/** Samples that a gradient is compared on, at most. */
const COSINE_SAMPLES = 20;

/** `trainSamples`: those that the job trains on, where that is known. */
export function sizeFaults(
  body: unknown,
  recipe: RecipeName,
  outline: NetworkOutline,
  trainSamples: number | undefined,
): Fault[] {
  const [input] = outline.shapes;
  const known = outline.shapes.filter((shape): shape is LayerShape => shape !== undefined);
  const units = known.reduce((sum, shape) => sum + unitsOf(shape), 0);
  return [
    ...weightFaults(recipe, outline),
    ...unitFaults(outline, units),
    ...batchFaults(body, recipe, units),
    ...cosineFaults(body, recipe, units),
    ...persistentFaults(body, trainSamples, units - (input === undefined ? 0 : unitsOf(input))),
  ];
}

function weightFaults(recipe: RecipeName, { connections }: NetworkOutline): Fault[] {
  const once = connections.reduce((sum, { weights }) => sum + (weights ?? 0), 0);
  const weights = RECIPE_TRAITS[recipe].feedback === 'separate' ? 2 * once : once;
  if (weights <= MAXIMUM_WEIGHTS) return [];
  const detail = `${weights} weights; at most ${MAXIMUM_WEIGHTS} are allowed`;
  return [{ pointer: '/network/layers', code: 'network_too_large', detail }];
}

function unitFaults({ connections }: NetworkOutline, units: number): Fault[] {
  const values = connections.reduce((sum, { planes }) => sum + planes, units);
  if (values <= MAXIMUM_UNITS) return [];
  const detail = `${values} units a sample, with padding and planes before pooling; at most ${MAXIMUM_UNITS} are allowed`;
  return [{ pointer: '/network/layers', code: 'network_too_large', detail }];
}

/** Numbers per unit and sample that the states take in so many slots. */
function copiesOf(body: unknown, recipe: RecipeName, slots: number): number {
  const carried = textAt(body, 'settling', 'initial_states') === 'zeros' ? 0 : 1;
  const anderson = textAt(body, 'settling', 'schedule') === 'anderson' ? ANDERSON_COPIES : 0;
  return (slots + carried + SCRATCH_COPIES + anderson) * (RECIPE_TRAITS[recipe].hasComplexStates(body) ? 2 : 1);
}

function batchFaults(body: unknown, recipe: RecipeName, units: number): Fault[] {
  const batchSize = numberAt(body, 'training', 'batch_size');
  if (batchSize === undefined) return [];
  const fault = (detail: string) => [{ pointer: '/training/batch_size', code: 'batch_too_large', detail }];
  const values = batchSize * units;
  if (values > MAXIMUM_BATCH_UNITS) {
    return fault(`batch size times ${units} units is ${values}; at most ${MAXIMUM_BATCH_UNITS} are allowed`);
  }
  const copies = copiesOf(body, recipe, RECIPE_TRAITS[recipe].slots(body));
  if (values * copies <= MAXIMUM_STATE_VALUES) return [];
  return fault(
    `batch size times ${units} units times ${copies} copies for phases and steps is ${values * copies}; at most ` +
      `${MAXIMUM_STATE_VALUES} are allowed`,
  );
}

function cosineFaults(body: unknown, recipe: RecipeName, units: number): Fault[] {
  if (valueAt(body, 'training', 'diagnostics', 'gradient_cosine') !== true) return [];
  const freeSteps = numberAt(body, 'settling', 'free_steps') ?? 1;
  const nudgedSteps = numberAt(body, 'settling', 'nudged_steps') ?? 1;
  // Both gradients are computed, one after the other.
  const slots = Math.max(RECIPE_TRAITS[recipe].slots(body), Math.min(nudgedSteps, freeSteps) + 2);
  const copies = copiesOf(body, recipe, slots);
  if (COSINE_SAMPLES * units * copies <= MAXIMUM_STATE_VALUES) return [];
  const detail = `the comparison would keep ${copies} states of ${units} units; take fewer nudged steps`;
  return [{ pointer: '/training/diagnostics/gradient_cosine', code: 'diagnostics_too_large', detail }];
}

function persistentFaults(body: unknown, trainSamples: number | undefined, units: number): Fault[] {
  if (textAt(body, 'settling', 'initial_states') !== 'persistent' || trainSamples === undefined) return [];
  const values = trainSamples * units;
  if (values <= MAXIMUM_PERSISTENT_VALUES) return [];
  const detail = `${trainSamples} samples times ${units} units is ${values}; at most ${MAXIMUM_PERSISTENT_VALUES} are kept`;
  return [{ pointer: '/settling/initial_states', code: 'persistent_states_too_large', detail }];
}
