/** clip(x / 2, 0, 1), as in the convolutional nets of Laborieux et al. (2021). */
import { clippedLine } from './clipped-line.ts';

export const halfHardSigmoid = clippedLine('half-hard-sigmoid', 0.5, 1);
