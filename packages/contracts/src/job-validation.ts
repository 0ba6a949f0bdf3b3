/**
 * Is this a job? Every fault at once: the schema of the recipe, then what no schema can say (shapes that must fit each
 * other and the data). Used where a job is submitted and again where a stored one is read.
 */
import { Default } from 'typebox/value';
import { faultsOf } from './faults.ts';
import type { Fault } from './problem.ts';
import {
  AnyRecipe,
  type JobSpec,
  MAXIMUM_BATCH_UNITS,
  MAXIMUM_STEPS,
  MAXIMUM_WEIGHTS,
  RECIPE_NAMES,
  RECIPES,
  type RecipeName,
} from './recipes.ts';

/** What a job must know of its dataset to be checked against it. */
export interface DatasetShape {
  readonly name: string;
  readonly features: number;
  readonly classes: number;
  readonly trainSamples: number;
  readonly testSamples: number;
}

export type JobValidation =
  | { readonly kind: 'valid'; readonly spec: JobSpec }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** The dataset that a body names, if it names one at all, so that it can be looked up before the body is checked. */
export function datasetNameOf(body: unknown): string | undefined {
  return asString(field(field(body, 'dataset'), 'name'));
}

/**
 * Checks a body as it came and fills in defaults. `dataset`: what `datasetNameOf` led to, `undefined` when the project
 * sees no such dataset, `'unchecked'` for a spec that was checked when it was stored.
 */
export function validateJob(body: unknown, dataset: DatasetShape | undefined | 'unchecked'): JobValidation {
  if (!isShallow(body, DEEPEST_BODY)) {
    return {
      kind: 'invalid',
      faults: [{ pointer: '', code: 'too_deep', detail: `is nested deeper than ${DEEPEST_BODY}` }],
    };
  }
  const recipe = RECIPE_NAMES.find((name) => name === field(body, 'recipe'));
  const schema = recipe === undefined ? AnyRecipe : RECIPES[recipe].schema;
  const filled: unknown = Default(schema, structuredClone(body));
  const faults = [
    ...faultsOf(schema, filled),
    ...faultsOfText(filled),
    ...faultsBetweenFields(filled),
    ...faultsWithData(filled, dataset),
  ];
  if (recipe === undefined || faults.length > 0) return { kind: 'invalid', faults };
  return { kind: 'valid', spec: checkedSpec(recipe, filled) };
}

/** The one cast from checked JSON to its type: `faultsOf` found nothing wrong with it against the recipe's schema. */
function checkedSpec(_recipe: RecipeName, filled: unknown): JobSpec {
  return filled as JobSpec;
}

/** Postgres keeps neither NUL nor half a surrogate pair. */
function faultsOfText(body: unknown): Fault[] {
  const texts = { '/name': field(body, 'name'), '/dataset/name': field(field(body, 'dataset'), 'name') };
  return Object.entries(texts).flatMap(([pointer, text]): Fault[] => {
    if (typeof text !== 'string' || (text.isWellFormed() && !text.includes('\u0000'))) return [];
    return [{ pointer, code: 'text_invalid', detail: 'must be well-formed Unicode without NUL' }];
  });
}

/** No job is nested as deep as this; what is would overflow the stack of everything that walks it. */
const DEEPEST_BODY = 16;

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((entry) => isShallow(entry, levels - 1));
}

function faultsBetweenFields(body: unknown): Fault[] {
  const layers = asNumbers(field(field(body, 'network'), 'layers'));
  if (layers === undefined) return [];
  const faults: Fault[] = [];
  const rates = field(field(body, 'training'), 'learning_rates');
  if (Array.isArray(rates) && layers.length >= 2 && rates.length !== layers.length - 1) {
    faults.push({
      pointer: '/training/learning_rates',
      code: 'length_mismatch',
      detail: `${layers.length} layers have ${layers.length - 1} weight matrices, ${rates.length} learning rates are given`,
    });
  }
  const weights = layers.slice(1).reduce((sum, size, k) => sum + size * (layers[k] ?? 0), 0);
  if (weights > MAXIMUM_WEIGHTS) {
    faults.push({
      pointer: '/network/layers',
      code: 'network_too_large',
      detail: `${weights} weights; at most ${MAXIMUM_WEIGHTS} are allowed`,
    });
  }
  const batchSize = field(field(body, 'training'), 'batch_size');
  const units = layers.reduce((sum, size) => sum + size, 0);
  if (typeof batchSize === 'number' && batchSize * units > MAXIMUM_BATCH_UNITS) {
    faults.push({
      pointer: '/training/batch_size',
      code: 'batch_too_large',
      detail: `batch size times ${units} units is ${batchSize * units}; at most ${MAXIMUM_BATCH_UNITS} are allowed`,
    });
  }
  return faults;
}

function faultsWithData(body: unknown, dataset: DatasetShape | undefined | 'unchecked'): Fault[] {
  const name = datasetNameOf(body);
  if (dataset === 'unchecked' || name === undefined) return [];
  if (dataset === undefined) {
    return [{ pointer: '/dataset/name', code: 'dataset_not_found', detail: `no dataset ${JSON.stringify(name)} here` }];
  }
  const faults: Fault[] = [];
  const layers = asNumbers(field(field(body, 'network'), 'layers'));
  if (layers !== undefined && layers.length >= 2) {
    if (layers[0] !== dataset.features) {
      faults.push({
        pointer: '/network/layers/0',
        code: 'input_size_mismatch',
        detail: `${dataset.name} has ${dataset.features} features, the input layer ${layers[0]} units`,
      });
    }
    if (layers.at(-1) !== dataset.classes) {
      faults.push({
        pointer: `/network/layers/${layers.length - 1}`,
        code: 'output_size_mismatch',
        detail: `${dataset.name} has ${dataset.classes} classes, the output layer ${layers.at(-1)} units`,
      });
    }
  }
  const epochs = field(field(body, 'training'), 'epochs');
  const batchSize = field(field(body, 'training'), 'batch_size');
  const samples = field(field(body, 'dataset'), 'train_samples') ?? dataset.trainSamples;
  if (typeof epochs === 'number' && typeof batchSize === 'number' && typeof samples === 'number' && batchSize >= 1) {
    const steps = epochs * Math.ceil(samples / batchSize);
    if (steps > MAXIMUM_STEPS) {
      faults.push({
        pointer: '/training/epochs',
        code: 'too_many_steps',
        detail: `${steps} batches in all; at most ${MAXIMUM_STEPS} are allowed`,
      });
    }
  }
  const limits = { train_samples: dataset.trainSamples, test_samples: dataset.testSamples };
  for (const [key, available] of Object.entries(limits)) {
    const asked = field(field(body, 'dataset'), key);
    if (typeof asked === 'number' && asked > available) {
      faults.push({ pointer: `/dataset/${key}`, code: 'too_many_samples', detail: `${dataset.name} has ${available}` });
    }
  }
  return faults;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asNumbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number') ? value : undefined;
}
