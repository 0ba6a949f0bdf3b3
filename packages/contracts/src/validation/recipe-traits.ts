/** What validation must know of a recipe besides its schema. */
import type { RecipeName } from '../recipes/catalogue.ts';
import { numberAt, textAt } from './body-reader.ts';

export interface RecipeTraits {
  /** Whether units drive those below through weights of their own. */
  readonly feedback: 'symmetric' | 'separate';
  /** The strength that a tolerance is measured against: a field of `settling`, or the whole way; null settles nothing. */
  readonly strength: 'beta' | 'fraction' | 1 | null;
  /** Places for the states of a batch that its phases use. */
  readonly slots: (body: unknown) => number;
  readonly hasComplexStates: (body: unknown) => boolean;
  /** How outputs move under a nudge of strength beta; null where there is none. */
  readonly nudged: NudgedOutputs | null;
  /** Whether synchronous steps of its network are differentiated, for the angle to backpropagation through time. */
  readonly hasCosine: boolean;
}

export interface NudgedOutputs {
  readonly dynamics: 'energy-gradient' | 'discrete-map';
  /** Whether the nudge acts outside the activation. */
  readonly isOutside: (body: unknown) => boolean;
  /** The most negative and the most positive strength, in units of beta; undefined of a nudging that nobody knows. */
  readonly signs: (body: unknown) => Signs | undefined;
}

type Signs = readonly [lowest: number, highest: number];

const isReal = () => false;
const points = (body: unknown) => numberAt(body, 'settling', 'points') ?? 2;

const BOTH: Signs = [-1, 1];
const SIGNS = new Map<string | undefined, Signs>([
  ['one-sided', [0, 1]],
  ['random-sign', BOTH],
  ['centred', BOTH],
]);
/** Beta is the distance of its two strengths. */
const AGNOSTIC_SIGNS = new Map<string | undefined, Signs>([
  ['optimistic', [0, 1]],
  ['pessimistic', [-1, 0]],
  ['centred', [-0.5, 0.5]],
]);

const gradient: NudgedOutputs = {
  dynamics: 'energy-gradient',
  isOutside: () => false,
  signs: (body) => SIGNS.get(textAt(body, 'settling', 'nudging')),
};
const map: NudgedOutputs = {
  ...gradient,
  dynamics: 'discrete-map',
  isOutside: (body) => textAt(body, 'settling', 'nudge') === 'outside',
};
const bothWays: NudgedOutputs = { ...map, signs: () => BOTH };

const contrast: RecipeTraits = {
  feedback: 'symmetric',
  strength: 'beta',
  slots: () => 3,
  hasComplexStates: isReal,
  nudged: gradient,
  hasCosine: true,
};
const mapped: RecipeTraits = { ...contrast, nudged: map };
const held: RecipeTraits = { ...contrast, strength: 1, nudged: null };
const swept: RecipeTraits = { ...contrast, strength: null, nudged: null, hasCosine: false };

export const RECIPE_TRAITS: { readonly [Name in RecipeName]: RecipeTraits } = {
  ep: contrast,
  'prototypical-ep': mapped,
  'convolutional-ep': mapped,
  'hopfield-resnet-ep': { ...contrast, nudged: bothWays },
  'holomorphic-ep': {
    ...contrast,
    slots: (body) => Math.floor(points(body) / 2) + 2,
    // Two points are both real.
    hasComplexStates: (body) => points(body) > 2,
    nudged: bothWays,
  },
  'continual-ep': mapped,
  'agnostic-ep': {
    ...contrast,
    nudged: { ...gradient, signs: (body) => AGNOSTIC_SIGNS.get(textAt(body, 'settling', 'nudging')) },
  },
  'coupled-learning': { ...held, strength: 'fraction' },
  'contrastive-learning': held,
  'non-reciprocal-ep': {
    ...contrast,
    feedback: 'separate',
    slots: () => 4,
    nudged: { ...bothWays, isOutside: () => true },
  },
  'binary-ep': contrast,
  backpropagation: swept,
  'feedback-alignment': { ...swept, feedback: 'separate' },
  'backpropagation-through-time': {
    ...swept,
    slots: (body) => (numberAt(body, 'settling', 'nudged_steps') ?? 1) + 2,
    hasCosine: true,
  },
  'predictive-coding': { ...held, hasCosine: false },
  'forward-forward': swept,
};
