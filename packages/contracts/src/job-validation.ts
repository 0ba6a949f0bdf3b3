/**
 * Is this a job? Every fault at once: the schema of the recipe, then what no schema can say (parts and shapes that must fit
 * each other and the data). Used where a job is submitted and again where a stored one is read.
 */
import { faultsOf } from './faults.ts';
import type { Fault } from './problem.ts';
import { AnyRecipe, type JobSpec, RECIPE_NAMES, RECIPES, type RecipeName } from './recipes/catalogue.ts';
import { withDefaults } from './schema/defaults.ts';
import { textAt, valueAt } from './validation/body-reader.ts';
import { augmentationFaults, type DatasetShape, dataFaults, trainedSamples } from './validation/data-faults.ts';
import { listFaults } from './validation/list-faults.ts';
import { methodFaults, shownLabelFaults } from './validation/method-faults.ts';
import { type NetworkOutline, outlineNetwork } from './validation/network-outline.ts';
import { sizeFaults } from './validation/size-faults.ts';

export type { DatasetShape } from './validation/data-faults.ts';

export type JobValidation =
  | { readonly kind: 'valid'; readonly spec: JobSpec }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** The dataset that a body names, if it names one at all, so that it can be looked up before the body is checked. */
export function datasetNameOf(body: unknown): string | undefined {
  return textAt(body, 'dataset', 'name');
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
  const recipe = RECIPE_NAMES.find((name) => name === valueAt(body, 'recipe'));
  const schema = recipe === undefined ? AnyRecipe : RECIPES[recipe].schema;
  const filled = withDefaults(schema, body);
  const outline = outlineNetwork(valueAt(filled, 'network'));
  const faults = [
    ...faultsOf(schema, filled),
    ...faultsOfText(filled),
    ...faultsWithin(filled, recipe, outline, dataset),
    ...faultsWithData(filled, outline, dataset),
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
  const texts = { '/name': valueAt(body, 'name'), '/dataset/name': valueAt(body, 'dataset', 'name') };
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

/** Parts that do not fit each other; of an unknown recipe the network alone is looked at. */
function faultsWithin(
  body: unknown,
  recipe: RecipeName | undefined,
  outline: NetworkOutline | undefined,
  dataset: DatasetShape | undefined | 'unchecked',
): Fault[] {
  const ofMethod = recipe === undefined ? [] : methodFaults(body, recipe);
  if (outline === undefined) return ofMethod;
  const ofNetwork = [...outline.faults, ...listFaults(body, outline), ...augmentationFaults(body, outline)];
  if (recipe === undefined) return ofNetwork;
  const trainSamples = trainedSamples(body, dataset === 'unchecked' ? undefined : dataset);
  return [
    ...ofMethod,
    ...ofNetwork,
    ...shownLabelFaults(recipe, outline),
    ...sizeFaults(body, recipe, outline, trainSamples),
  ];
}

function faultsWithData(
  body: unknown,
  outline: NetworkOutline | undefined,
  dataset: DatasetShape | undefined | 'unchecked',
): Fault[] {
  const name = datasetNameOf(body);
  if (dataset === 'unchecked' || name === undefined) return [];
  if (dataset !== undefined) return dataFaults(body, outline, dataset);
  return [{ pointer: '/dataset/name', code: 'dataset_not_found', detail: `no dataset ${JSON.stringify(name)} here` }];
}
