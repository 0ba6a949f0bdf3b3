/** Concentric rings in the plane, one a class, the first innermost. */
import { bellShaped, type SampleSource } from './sample-source.ts';

const OUTERMOST = 0.45;

export function rings(classCount: number, noise: number): SampleSource {
  return {
    shape: [2, 1, 1],
    classCount,
    write(number, draws, values) {
      const label = number % classCount;
      const angle = 2 * Math.PI * draws.uniform(0);
      // Draw 0 is the angle, so bell-shaped draws start at number 1.
      const radius = (OUTERMOST * (label + 1)) / classCount + noise * bellShaped(draws, 1);
      values[0] = 0.5 + radius * Math.cos(angle);
      values[1] = 0.5 + radius * Math.sin(angle);
      return label;
    },
  };
}
