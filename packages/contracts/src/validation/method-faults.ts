/** Do the parts of a method fit each other? What core would refuse, named by the field that asks for it. */
import type { Fault } from '../problem.ts';
import type { RecipeName } from '../recipes/catalogue.ts';
import { isObject } from '../schema/union-branch.ts';
import { countAt, listAt, numberAt, textAt, valueAt } from './body-reader.ts';
import { type NetworkOutline, unitsOf } from './network-outline.ts';
import { RECIPE_TRAITS } from './recipe-traits.ts';

/** Largest share of a nudge's strength that a tolerance may be: a gradient is a difference of states of that order. */
const TOLERANCE_PER_STRENGTH = 0.01;

/** Activations with corners, which have no continuation into the complex plane. */
const CORNERED = ['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'];

export function methodFaults(body: unknown, recipe: RecipeName): Fault[] {
  return [
    ...toleranceFaults(body, recipe),
    ...nudgeFaults(body),
    ...stabilityFaults(body, recipe),
    ...depthFaults(body, recipe),
    ...holomorphicFaults(body, recipe),
    ...feedbackFaults(body, recipe),
    ...unrolledFaults(body, recipe),
    ...earlyStoppingFaults(body),
    ...cosineWithoutEffect(body, recipe),
  ];
}

function toleranceFaults(body: unknown, recipe: RecipeName): Fault[] {
  const { strength: field } = RECIPE_TRAITS[recipe];
  const tolerance = numberAt(body, 'settling', 'tolerance');
  if (tolerance === undefined || field === null) return [];
  const strength = field === 1 ? 1 : numberAt(body, 'settling', field);
  if (strength === undefined || !(strength > 0) || tolerance <= TOLERANCE_PER_STRENGTH * strength) return [];
  const of = field === 1 ? 'the whole way that outputs are held' : `${field}, which is ${strength}`;
  const detail = `must be 0 or at most ${TOLERANCE_PER_STRENGTH} times ${of}`;
  return [{ pointer: '/settling/tolerance', code: 'tolerance_too_large', detail }];
}

function nudgeFaults(body: unknown): Fault[] {
  if (textAt(body, 'settling', 'nudge') !== 'outside') return [];
  if (textAt(body, 'network', 'readout') !== 'softmax-cross-entropy') return [];
  const detail = 'a nudge outside the activation follows no cost of a softmax read-out; nudge inside';
  return [{ pointer: '/settling/nudge', code: 'nudge_without_cost', detail }];
}

/**
 * What is left of an output's error is multiplied by 1 − ε (1 + β) in every step; the bounds of an activation end that only
 * where the nudge is inside it. Core's dynamics/nudge-stability.ts is the same rule.
 */
function stabilityFaults(body: unknown, recipe: RecipeName): Fault[] {
  const { nudged } = RECIPE_TRAITS[recipe];
  const beta = numberAt(body, 'settling', 'beta');
  const stepSize = valueAt(body, 'settling', 'step_size') === undefined ? 1 : numberAt(body, 'settling', 'step_size');
  const signs = nudged?.signs(body);
  if (nudged === null || signs === undefined || beta === undefined || stepSize === undefined) return [];
  // What the schema refuses is refused there.
  if (!(beta > 0 && stepSize > 0 && stepSize <= 1)) return [];
  if (textAt(body, 'network', 'readout') !== 'squared-error') return [];
  const output = textAt(body, 'network', 'output_activation') ?? textAt(body, 'network', 'activation');
  const isLinear = output === 'identity';
  if (nudged.dynamics === 'discrete-map' && !isLinear && !nudged.isOutside(body)) return [];
  const [lowest, highest] = [signs[0] * beta, signs[1] * beta];
  const fault = (detail: string) => [{ pointer: '/settling/beta', code: 'nudge_unstable', detail }];
  const isClipped = nudged.dynamics === 'energy-gradient' && !isLinear;
  if (lowest <= -1 && !isClipped) {
    return fault(`outputs without bounds run away under a nudge of -1 or below; here it goes to ${lowest}`);
  }
  const factor = stepSize * (1 + highest);
  if (factor < 2) return [];
  return fault(
    `outputs do not settle where the step size, ${stepSize}, times 1 + ${highest} is 2 or more; here it is ${factor}`,
  );
}

/** Under synchronous steps what the outputs are told comes down one layer a step. */
function depthFaults(body: unknown, recipe: RecipeName): Fault[] {
  if (RECIPE_TRAITS[recipe].strength === null || textAt(body, 'settling', 'schedule') !== 'synchronous') return [];
  const steps = countAt(1, body, 'settling', 'nudged_steps');
  const above = (listAt(body, 'network', 'layers')?.length ?? 0) - 1;
  // Skips only shorten the way.
  const settling = textAt(body, 'network', 'readout') === 'softmax-cross-entropy' ? above - 1 : above;
  if (steps === undefined || steps >= settling) return [];
  const detail = `${settling} layers settle, and a signal moves one layer a step: ${steps} do not reach the first of them`;
  return [{ pointer: '/settling/nudged_steps', code: 'nudged_steps_too_few', detail }];
}

function holomorphicFaults(body: unknown, recipe: RecipeName): Fault[] {
  if (!RECIPE_TRAITS[recipe].hasComplexStates(body)) return [];
  const hasOutput = textAt(body, 'network', 'readout') !== 'softmax-cross-entropy';
  const activations = ['activation', ...(hasOutput ? ['output_activation'] : [])].flatMap((key): Fault[] => {
    const name = textAt(body, 'network', key);
    if (name === undefined || !CORNERED.includes(name)) return [];
    const detail = `${name} has corners and no continuation into the complex plane, where more than two points lie`;
    return [{ pointer: `/network/${key}`, code: 'activation_not_holomorphic', detail }];
  });
  const poolings = poolingsOf(body).flatMap(({ pointer, kind }): Fault[] => {
    const detail = 'max pooling puts numbers in order, and complex ones have none; take average or softmax';
    return kind === 'max' ? [{ pointer, code: 'pooling_not_holomorphic', detail }] : [];
  });
  return [...activations, ...poolings];
}

function feedbackFaults(body: unknown, recipe: RecipeName): Fault[] {
  if (RECIPE_TRAITS[recipe].feedback !== 'separate') return [];
  const detail = 'separate feedback weights do not go back through a pooling';
  return poolingsOf(body).map(({ pointer }) => ({ pointer, code: 'pooling_with_separate_feedback', detail }));
}

function poolingsOf(body: unknown): { readonly pointer: string; readonly kind: unknown }[] {
  return (listAt(body, 'network', 'layers') ?? []).flatMap((layer, number) => {
    const pooling = valueAt(layer, 'pooling');
    return isObject(pooling) ? [{ pointer: `/network/layers/${number}/pooling`, kind: pooling.kind }] : [];
  });
}

function unrolledFaults(body: unknown, recipe: RecipeName): Fault[] {
  if (recipe !== 'backpropagation-through-time') return [];
  const freeSteps = numberAt(body, 'settling', 'free_steps');
  const kept = numberAt(body, 'settling', 'nudged_steps');
  if (freeSteps === undefined || kept === undefined || kept < freeSteps) return [];
  const detail = `of ${freeSteps} free steps fewer are differentiated, not ${kept}`;
  return [{ pointer: '/settling/nudged_steps', code: 'too_many_steps_differentiated', detail }];
}

function earlyStoppingFaults(body: unknown): Fault[] {
  const isWanted = isObject(valueAt(body, 'training', 'early_stopping'));
  if (!isWanted || numberAt(body, 'dataset', 'validation_samples') !== 0) return [];
  const detail = 'needs dataset.validation_samples, for the test data must not decide anything';
  return [{ pointer: '/training/early_stopping', code: 'needs_validation_samples', detail }];
}

function cosineWithoutEffect(body: unknown, recipe: RecipeName): Fault[] {
  if (valueAt(body, 'training', 'diagnostics', 'gradient_cosine') !== true) return [];
  const fault = (detail: string) => [
    { pointer: '/training/diagnostics/gradient_cosine', code: 'setting_without_effect', detail },
  ];
  if (!RECIPE_TRAITS[recipe].hasCosine) return fault(`${recipe} settles by no steps that could be differentiated`);
  if (numberAt(body, 'training', 'diagnostics', 'every_epochs') === 0) {
    return fault('diagnostics are never taken; give every_epochs');
  }
  if ((textAt(body, 'settling', 'schedule') ?? 'synchronous') !== 'synchronous') {
    return fault('only synchronous steps are differentiated; take that schedule');
  }
  if (numberAt(body, 'settling', 'free_steps') !== 1) return [];
  return fault('of free_steps, 1, fewer would be differentiated, and that is none');
}

/** The forward-forward algorithm writes the label over the first inputs. */
export function shownLabelFaults(recipe: RecipeName, { shapes }: NetworkOutline): Fault[] {
  const [input, output] = [shapes[0], shapes.at(-1)];
  if (recipe !== 'forward-forward' || input === undefined || output === undefined) return [];
  if (unitsOf(input) >= unitsOf(output)) return [];
  const detail = `${unitsOf(input)} inputs have no room to show ${unitsOf(output)} labels`;
  return [{ pointer: '/network/layers/0', code: 'labels_do_not_fit', detail }];
}
