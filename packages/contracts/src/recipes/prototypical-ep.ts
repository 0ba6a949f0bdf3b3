/** Recipe `prototypical-ep` as jobs name it: equilibrium propagation on the discrete-time network. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import {
  anySchedule,
  beta,
  freeSteps,
  initialStates,
  nudge,
  nudgedSteps,
  nudging,
  settlingSection,
  stepSize,
} from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const PrototypicalEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('prototypical-ep', { description: 'Equilibrium propagation in discrete time (2019, 2021).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 512, 10],
      activation: 'logistic',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(1),
      nudge: nudge('outside'),
      ...anySchedule(),
      free_steps: freeSteps(30),
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      beta: beta(0.1),
      nudging: nudging(['one-sided', 'random-sign', 'centred'], 'centred'),
    }),
    training: trainingSection({ epochs: 30, batchSize: 20, learningRates: [0.08, 0.04] }, {}),
  },
  { $id: 'PrototypicalEpJobSpec', additionalProperties: false },
);
export type PrototypicalEpJobSpec = Static<typeof PrototypicalEpJobSpec>;

export const prototypicalEp = {
  name: 'prototypical-ep',
  title: 'Equilibrium propagation in discrete time, one-sided or centred',
  citation:
    'Ernoult et al., NeurIPS 2019, arXiv:1905.13633; Laborieux et al., Front. Neurosci. 15 (2021), doi:10.3389/fnins.2021.633674',
  schema: PrototypicalEpJobSpec,
} as const satisfies RecipeEntry;
