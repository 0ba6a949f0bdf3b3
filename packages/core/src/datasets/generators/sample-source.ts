/** What a generated set is made by: a rule that turns random draws into one labelled sample. */
import type { LayerShape } from '../../kernels/network.ts';
import type { RandomStream } from '../../tensor/random.ts';

export interface SampleSource {
  readonly shape: LayerShape;
  readonly classCount: number;
  /**
   * Writes the values of sample `number` to `values` [channels, height, width], nominally in [0, 1], and returns its
   * label. `draws` is the sample's own stream.
   */
  write(number: number, draws: RandomStream, values: Float64Array): number;
}

/**
 * The `index`-th bell-shaped draw of a stream, mean 0, standard deviation 1, never beyond ±2√3: four uniform ones, 4 index
 * and on, added up. No logarithm and no cosine, so that every engine draws the same bits.
 */
export function bellShaped(draws: RandomStream, index: number): number {
  let sum = 0;
  for (let part = 0; part < 4; part++) sum += draws.uniform(4 * index + part);
  return (sum - 2) * Math.sqrt(3);
}

export function checkWhole(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${what} is a whole number from ${least} to ${most}, got ${value}`);
  }
}

export function checkNoise(noise: number): void {
  if (!(noise >= 0 && noise <= 1)) throw new RangeError(`noise lies in [0, 1], got ${noise}`);
}
