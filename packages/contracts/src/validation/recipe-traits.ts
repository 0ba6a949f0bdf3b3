/** What validation must know of a recipe besides its schema. */
import type { RecipeName } from '../recipes/catalogue.ts';
import { numberAt } from './body-reader.ts';

export interface RecipeTraits {
  /** Whether units drive those below through weights of their own. */
  readonly feedback: 'symmetric' | 'separate';
  /** The strength that a tolerance is measured against: a field of `settling`, or the whole way; null settles nothing. */
  readonly strength: 'beta' | 'fraction' | 1 | null;
  /** Places for the states of a batch that its phases use. */
  readonly slots: (body: unknown) => number;
  readonly hasComplexStates: (body: unknown) => boolean;
}

const isReal = () => false;
const contrast: RecipeTraits = { feedback: 'symmetric', strength: 'beta', slots: () => 3, hasComplexStates: isReal };
const points = (body: unknown) => numberAt(body, 'settling', 'points') ?? 2;

export const RECIPE_TRAITS: { readonly [Name in RecipeName]: RecipeTraits } = {
  ep: contrast,
  'prototypical-ep': contrast,
  'convolutional-ep': contrast,
  'hopfield-resnet-ep': contrast,
  'holomorphic-ep': {
    ...contrast,
    slots: (body) => Math.floor(points(body) / 2) + 2,
    // Two points are both real.
    hasComplexStates: (body) => points(body) > 2,
  },
  'continual-ep': contrast,
  'agnostic-ep': contrast,
  'coupled-learning': { ...contrast, strength: 'fraction' },
  'contrastive-learning': { ...contrast, strength: 1 },
  'non-reciprocal-ep': { ...contrast, feedback: 'separate', slots: () => 4 },
  'binary-ep': contrast,
  backpropagation: { ...contrast, strength: null },
  'feedback-alignment': { ...contrast, feedback: 'separate', strength: null },
  'backpropagation-through-time': {
    ...contrast,
    strength: null,
    slots: (body) => (numberAt(body, 'settling', 'nudged_steps') ?? 1) + 2,
  },
  'predictive-coding': { ...contrast, strength: 1 },
  'forward-forward': { ...contrast, strength: null },
};
