/** Initial parameters by name, drawn from the job's `init` stream, one sub-stream per weight matrix. */
import type { ParameterValues } from '../kernels/kernel-set.ts';
import type { RandomStream } from '../tensor/random.ts';

/**
 * `glorot-uniform`: weights uniform on ±√(6 / (n_in + n_out)), biases 0 (Glorot & Bengio 2010; Scellier & Bengio 2017).
 * `fan-in-uniform`: weights and biases uniform on ±1 / √n_in (the default of the 2019 and 2021 authors' framework).
 */
export type InitializationName = 'glorot-uniform' | 'fan-in-uniform';

/** Values are rounded to float32, so that every kernel set starts from the same numbers. */
export function initialParameters(
  name: InitializationName,
  layerSizes: readonly number[],
  stream: RandomStream,
): ParameterValues {
  const pairs = layerSizes.slice(1).map((above, k) => ({ below: layerSizes[k], above, k }));
  const draw = (part: string, k: number, length: number, bound: number) => {
    const entries = stream.split(part).split(k);
    return Float32Array.from({ length }, (_, i) => (2 * entries.uniform(i) - 1) * bound);
  };
  switch (name) {
    case 'glorot-uniform':
      return {
        weights: pairs.map(({ below, above, k }) => draw('weights', k, below * above, Math.sqrt(6 / (below + above)))),
        biases: pairs.map(({ above }) => new Float32Array(above)),
      };
    case 'fan-in-uniform':
      return {
        weights: pairs.map(({ below, above, k }) => draw('weights', k, below * above, 1 / Math.sqrt(below))),
        biases: pairs.map(({ below, above, k }) => draw('biases', k, above, 1 / Math.sqrt(below))),
      };
    default:
      name satisfies never;
      throw new Error('unreachable initialization');
  }
}
