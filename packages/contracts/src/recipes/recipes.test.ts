import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { validateJob } from '../job-validation.ts';
import { branchesOf, isObject, memberOf, membersOf } from '../schema/union-branch.ts';
import { submissionSchema } from '../submission-schema.ts';
import { RECIPE_NAMES, RECIPES } from './catalogue.ts';

const NEW_IN_EVERY_JOB = {
  dataset: {
    name: 'mnist',
    validation_samples: 0,
    augmentation: { crop_padding: 0, crop_fill: 'zero', flip: false },
    normalization: { kind: 'none' },
  },
  network: { skips: [], output_activation: null, readout: 'squared-error', gains: [], bias_gain: 1 },
  settling: { schedule: 'synchronous', tolerance: 0, initial_states: 'zeros' },
  training: {
    bias_learning_rates: null,
    optimizer: { kind: 'gradient-descent' },
    learning_rate_schedule: { kind: 'constant', warm_up_epochs: 0 },
    weight_decay: 0,
    clipping: { kind: 'none' },
    early_stopping: null,
    diagnostics: { every_epochs: 0, gradient_cosine: false },
  },
};

function filled(body: object) {
  const validation = validateJob({ dataset: { name: 'mnist' }, ...body }, 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec;
}

describe('recipes', () => {
  it('fill in for the first two what they always have, and beside it what changes nothing', () => {
    expect(filled({ recipe: 'ep' })).toEqual({
      recipe: 'ep',
      target: 'cpu',
      precision: 'float32',
      determinism: 'fast',
      lanes: 1,
      seed: 1,
      limits: { max_attempts: 3 },
      dataset: NEW_IN_EVERY_JOB.dataset,
      network: {
        ...NEW_IN_EVERY_JOB.network,
        layers: [784, 500, 10],
        activation: 'hard-sigmoid',
        initialization: 'glorot-uniform',
      },
      settling: {
        ...NEW_IN_EVERY_JOB.settling,
        step_size: 0.5,
        free_steps: 20,
        nudged_steps: 4,
        beta: 0.5,
        nudging: 'random-sign',
      },
      training: {
        ...NEW_IN_EVERY_JOB.training,
        epochs: 25,
        batch_size: 20,
        learning_rates: [0.1, 0.05],
        checkpoint_every_epochs: 1,
      },
    });
    const old = { layers: [784, 512, 10], activation: 'logistic' };
    const settling = { free_steps: 30, nudged_steps: 10, beta: 0.1, nudging: 'centred', nudge: 'outside' };
    const training = { epochs: 30, batch_size: 20, learning_rates: [0.08, 0.04], checkpoint_every_epochs: 1 };
    const spec = filled({ recipe: 'prototypical-ep' });
    expect(spec).toEqual(filled({ recipe: 'prototypical-ep', network: old, settling, training }));
    expect(spec).toMatchObject({
      network: { ...NEW_IN_EVERY_JOB.network, ...old, initialization: 'fan-in-uniform' },
      settling: { ...NEW_IN_EVERY_JOB.settling, ...settling, step_size: 1 },
      training: { ...NEW_IN_EVERY_JOB.training, ...training },
    });
  });

  it.each(RECIPE_NAMES)('let a job of %s say how it is computed', (recipe) => {
    const asked = { precision: 'float64', determinism: 'portable', lanes: 16 };
    expect(filled({ recipe, ...asked })).toMatchObject(asked);
    expect(filled({ recipe, lanes: 1 })).toEqual(filled({ recipe }));
  });

  it.each(RECIPE_NAMES)(
    'publish %s as a schema that a body of defaults keeps to, before and after filling',
    (recipe) => {
      const body = { recipe, dataset: { name: 'mnist' } };
      expect(Check(submissionSchema(RECIPES[recipe].schema), body)).toBe(true);
      expect(Check(submissionSchema(RECIPES[recipe].schema), filled(body))).toBe(true);
    },
  );

  it.each(RECIPE_NAMES)('bound every number and list of %s, and close every object', (recipe) => {
    expect(unbounded(RECIPES[recipe].schema, '')).toEqual([]);
  });
});

/** Sizes of data are bounded by the data. */
const BOUNDED_BY_DATA = ['/dataset/train_samples', '/dataset/test_samples'];

/** Places of a schema that let through numbers, texts or lists without end, or fields that nobody knows. */
function unbounded(schema: TSchema | unknown, pointer: string): string[] {
  const has = (...keys: string[]) => keys.some((key) => memberOf(schema, key) !== undefined);
  const branches = branchesOf(schema);
  if (branches !== undefined) return branches.flatMap((branch, at) => unbounded(branch, `${pointer}|${at}`));
  switch (memberOf(schema, 'type')) {
    case 'integer':
    case 'number':
      return BOUNDED_BY_DATA.includes(pointer) ||
        (has('minimum', 'exclusiveMinimum') && has('maximum', 'exclusiveMaximum'))
        ? []
        : [pointer];
    case 'string':
      return has('maxLength', 'const') ? [] : [pointer];
    case 'array':
      return [...(has('maxItems') ? [] : [pointer]), ...unbounded(memberOf(schema, 'items'), `${pointer}/-`)];
    case 'object': {
      const members = Object.entries(membersOf(schema));
      const open = isObject(schema) && schema.additionalProperties !== false;
      return [
        ...(open ? [pointer] : []),
        ...members.flatMap(([key, member]) => unbounded(member, `${pointer}/${key}`)),
      ];
    }
    default:
      return [];
  }
}
