/** Bell-shaped clusters, one a class. */
import type { RandomStream } from '../../tensor/random.ts';
import { bellShaped, type SampleSource } from './sample-source.ts';

/** Centres keep this far from the border, so that few samples are cut off at 0 and 1. */
const MARGIN = 0.2;
const CANDIDATES = 32;

export function blobs(classCount: number, features: number, noise: number, patterns: RandomStream): SampleSource {
  const centres = spreadCentres(classCount, features, patterns);
  return {
    shape: [features, 1, 1],
    classCount,
    write(number, draws, values) {
      const label = number % classCount;
      const centre = centres[label];
      for (let i = 0; i < features; i++) values[i] = centre[i] + noise * bellShaped(draws, i);
      return label;
    },
  };
}

/** Random centres, each the one of some candidates that lies farthest from those before it: none falls on another. */
function spreadCentres(classCount: number, features: number, patterns: RandomStream): readonly Float64Array[] {
  const centres: Float64Array[] = [];
  for (let label = 0; label < classCount; label++) {
    const draws = patterns.split(label);
    const candidates = Array.from({ length: CANDIDATES }, (_, candidate) =>
      Float64Array.from(
        { length: features },
        (_, i) => MARGIN + (1 - 2 * MARGIN) * draws.uniform(candidate * features + i),
      ),
    );
    const room = candidates.map((candidate) =>
      Math.min(...centres.map((centre) => squaredDistance(centre, candidate))),
    );
    centres.push(candidates[room.indexOf(Math.max(...room))]);
  }
  return centres;
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
}
