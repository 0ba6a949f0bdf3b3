/** Every recipe that a job can name. A further one is a file beside this one and its lines here. */
import Type from 'typebox';
import { type AgnosticEpJobSpec, agnosticEp } from './agnostic-ep.ts';
import { type BackpropagationJobSpec, backpropagation } from './backpropagation.ts';
import { type BackpropagationThroughTimeJobSpec, backpropagationThroughTime } from './backpropagation-through-time.ts';
import { type BinaryEpJobSpec, binaryEp } from './binary-ep.ts';
import { type ContinualEpJobSpec, continualEp } from './continual-ep.ts';
import { type ContrastiveLearningJobSpec, contrastiveLearning } from './contrastive-learning.ts';
import { type ConvolutionalEpJobSpec, convolutionalEp } from './convolutional-ep.ts';
import { type CoupledLearningJobSpec, coupledLearning } from './coupled-learning.ts';
import { type EpJobSpec, ep } from './ep.ts';
import { type FeedbackAlignmentJobSpec, feedbackAlignment } from './feedback-alignment.ts';
import { type ForwardForwardJobSpec, forwardForward } from './forward-forward.ts';
import { type HolomorphicEpJobSpec, holomorphicEp } from './holomorphic-ep.ts';
import { type HopfieldResnetEpJobSpec, hopfieldResnetEp } from './hopfield-resnet-ep.ts';
import { JOB_SECTION } from './job-section.ts';
import { type NonReciprocalEpJobSpec, nonReciprocalEp } from './non-reciprocal-ep.ts';
import { type PredictiveCodingJobSpec, predictiveCoding } from './predictive-coding.ts';
import { type PrototypicalEpJobSpec, prototypicalEp } from './prototypical-ep.ts';
import type { RecipeEntry } from './recipe-entry.ts';

export type JobSpec =
  | EpJobSpec
  | PrototypicalEpJobSpec
  | ConvolutionalEpJobSpec
  | HopfieldResnetEpJobSpec
  | HolomorphicEpJobSpec
  | ContinualEpJobSpec
  | AgnosticEpJobSpec
  | CoupledLearningJobSpec
  | ContrastiveLearningJobSpec
  | NonReciprocalEpJobSpec
  | BinaryEpJobSpec
  | BackpropagationJobSpec
  | FeedbackAlignmentJobSpec
  | BackpropagationThroughTimeJobSpec
  | PredictiveCodingJobSpec
  | ForwardForwardJobSpec;
export type RecipeName = JobSpec['recipe'];

/** In the order in which they are shown. */
export const RECIPES = {
  ep,
  'prototypical-ep': prototypicalEp,
  'convolutional-ep': convolutionalEp,
  'hopfield-resnet-ep': hopfieldResnetEp,
  'holomorphic-ep': holomorphicEp,
  'continual-ep': continualEp,
  'agnostic-ep': agnosticEp,
  'coupled-learning': coupledLearning,
  'contrastive-learning': contrastiveLearning,
  'non-reciprocal-ep': nonReciprocalEp,
  'binary-ep': binaryEp,
  backpropagation,
  'feedback-alignment': feedbackAlignment,
  'backpropagation-through-time': backpropagationThroughTime,
  'predictive-coding': predictiveCoding,
  'forward-forward': forwardForward,
} as const satisfies { readonly [Name in RecipeName]: RecipeEntry & { readonly name: Name } };

export const RECIPE_NAMES: readonly RecipeName[] = Object.values(RECIPES).map(({ name }) => name);

/** The parts that every recipe has, for checking a body whose recipe is unknown. */
export const AnyRecipe = Type.Object(
  {
    recipe: Type.Enum([...RECIPE_NAMES]),
    ...JOB_SECTION,
    network: Type.Optional(Type.Unknown()),
    settling: Type.Optional(Type.Unknown()),
    training: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);
