/** clip(x, 0, 6): a rectifier with an end, so that states stay bounded (Sankar Vinayak & Srinivasan 2025). */
import { clippedLine } from './clipped-line.ts';

export const clippedRelu = clippedLine('clipped-relu', 1, 6);
