/** Two half circles of radius 1 that reach into each other. */
import { bellShaped, type SampleSource } from './sample-source.ts';

/** The moons span [-1, 2] x [-0.5, 1]: shrunk by this, with their middle at (0.5, 0.5), they fit with a margin. */
const SPAN = 3.6;

/** `noise` is in units of the moons' radius. */
export function twoMoons(noise: number): SampleSource {
  return {
    shape: [2, 1, 1],
    classCount: 2,
    write(number, draws, values) {
      const label = number % 2;
      const angle = Math.PI * draws.uniform(0);
      const x = label === 0 ? Math.cos(angle) : 1 - Math.cos(angle);
      const y = label === 0 ? Math.sin(angle) : 0.5 - Math.sin(angle);
      values[0] = 0.5 + (x - 0.5 + noise * bellShaped(draws, 1)) / SPAN;
      values[1] = 0.5 + (y - 0.25 + noise * bellShaped(draws, 2)) / SPAN;
      return label;
    },
  };
}
