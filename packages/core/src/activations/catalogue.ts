/** Every activation that a network can name. */
import type { Activation } from './activation.ts';
import { clippedRelu } from './clipped-relu.ts';
import { halfHardSigmoid } from './half-hard-sigmoid.ts';
import { hardSigmoid } from './hard-sigmoid.ts';
import { holomorphicHardSigmoid } from './holomorphic-hard-sigmoid.ts';
import { identity } from './identity.ts';
import { logistic } from './logistic.ts';
import { tanh } from './tanh.ts';

const ACTIVATIONS = {
  'hard-sigmoid': hardSigmoid,
  'half-hard-sigmoid': halfHardSigmoid,
  'clipped-relu': clippedRelu,
  logistic,
  tanh,
  'holomorphic-hard-sigmoid': holomorphicHardSigmoid,
  identity,
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;

export const ACTIVATION_NAMES: readonly ActivationName[] = [
  'hard-sigmoid',
  'half-hard-sigmoid',
  'clipped-relu',
  'logistic',
  'tanh',
  'holomorphic-hard-sigmoid',
  'identity',
];

export function activationNamed(name: ActivationName): Activation {
  return ACTIVATIONS[name];
}
