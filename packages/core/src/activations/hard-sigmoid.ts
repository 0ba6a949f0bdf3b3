/** clip(x, 0, 1): the activation of the original equilibrium propagation (Scellier & Bengio 2017). */
import { clippedLine } from './clipped-line.ts';

export const hardSigmoid = clippedLine('hard-sigmoid', 1, 1);
