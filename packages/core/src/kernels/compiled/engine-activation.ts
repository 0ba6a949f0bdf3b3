/** Activations as engines know them, by the activations that networks have. */
import type { Activation } from '../../activations/activation.ts';
import { ACTIVATION_NAMES, type ActivationName, activationNamed } from '../../activations/catalogue.ts';
import type { EngineActivation } from './operation.ts';
import * as word from './words.ts';

function codeOf(name: ActivationName): number {
  switch (name) {
    case 'hard-sigmoid':
    case 'half-hard-sigmoid':
    case 'clipped-relu':
      return word.CLIPPED_LINE;
    case 'logistic':
      return word.LOGISTIC;
    case 'tanh':
      return word.TANH;
    case 'holomorphic-hard-sigmoid':
      return word.HOLOMORPHIC_HARD_SIGMOID;
    case 'identity':
      return word.IDENTITY;
    default:
      name satisfies never;
      throw new Error('unreachable activation');
  }
}

const CODES: ReadonlyMap<Activation, number> = new Map(
  ACTIVATION_NAMES.map((name) => [activationNamed(name), codeOf(name)]),
);

export const IDENTITY_ACTIVATION: EngineActivation = { code: word.IDENTITY, slope: 1, highest: 1 };

/** The slope and the end of a clipped line are its steepest slope and its highest value; engines read them of no other. */
export function engineActivation(activation: Activation): EngineActivation {
  const code = CODES.get(activation);
  if (code === undefined) throw new RangeError(`engines do not know the activation ${activation.name}`);
  if (code !== word.CLIPPED_LINE) return { ...IDENTITY_ACTIVATION, code };
  return { code, slope: activation.steepest, highest: activation.highest };
}
