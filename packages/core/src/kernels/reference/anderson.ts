/**
 * Anderson acceleration of a fixed-point sweep G, for every sample by itself.
 *
 *   f_k = G(x_k) − x_k
 *   γ   = argmin ‖f_k − ΔF γ‖²,   ΔF, ΔG: the last m differences of f and of G(x)
 *   x_{k+1} = G(x_k) − ΔG γ
 *
 * Where a sample's residual grew, its history is dropped and the plain sweep is kept. The answer of a phase is always a
 * plain sweep of the last point, so that it lies in the range of the activation.
 *
 * Walker & Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer. Anal. 49 (2011).
 */
export const ANDERSON_DEPTH = 5;
/** Relative weight that keeps the small least-squares problem solvable when differences are nearly parallel. */
const RIDGE = 1e-12;

export interface Accelerator {
  /** Forgets all history. */
  reset(): void;
  /** `point` x_k and `swept` G(x_k), [samples, length]; writes x_{k+1} into `point`. */
  extrapolate(point: Float64Array, swept: Float64Array, samples: number): void;
}

/** `memory`: at least `acceleratorLength(capacity, length)` entries. */
export function accelerator(memory: Float64Array, capacity: number, length: number): Accelerator {
  const rows = (count: number, from: number) =>
    Array.from({ length: count }, (_, k) => {
      const start = (from + k) * capacity * length;
      return memory.subarray(start, start + capacity * length);
    });
  const residualDifferences = rows(ANDERSON_DEPTH, 0);
  const sweptDifferences = rows(ANDERSON_DEPTH, ANDERSON_DEPTH);
  const [lastResidual, lastSwept] = rows(2, 2 * ANDERSON_DEPTH);
  const known = new Int32Array(capacity);
  const newest = new Int32Array(capacity);
  const lastSquare = new Float64Array(capacity);
  const gram = new Float64Array(ANDERSON_DEPTH * ANDERSON_DEPTH);
  const weights = new Float64Array(ANDERSON_DEPTH);

  const extrapolateSample = (sample: number, point: Float64Array, swept: Float64Array) => {
    const first = sample * length;
    let square = 0;
    for (let i = first; i < first + length; i++) square += (swept[i] - point[i]) ** 2;
    if (known[sample] > 0 && !(square <= lastSquare[sample])) known[sample] = 0;
    if (known[sample] > 0) {
      const slot = newest[sample];
      for (let i = first; i < first + length; i++) {
        residualDifferences[slot][i] = swept[i] - point[i] - lastResidual[i];
        sweptDifferences[slot][i] = swept[i] - lastSwept[i];
      }
      newest[sample] = (slot + 1) % ANDERSON_DEPTH;
    }
    const depth = Math.min(Math.max(known[sample], 0), ANDERSON_DEPTH);
    for (let i = first; i < first + length; i++) {
      lastResidual[i] = swept[i] - point[i];
      lastSwept[i] = swept[i];
    }
    lastSquare[sample] = square;
    known[sample]++;
    for (let i = first; i < first + length; i++) point[i] = swept[i];
    if (depth === 0) return;
    solve(first, depth, (newest[sample] - depth + ANDERSON_DEPTH) % ANDERSON_DEPTH);
    for (let k = 0; k < depth; k++) {
      const row = sweptDifferences[(newest[sample] - depth + k + ANDERSON_DEPTH) % ANDERSON_DEPTH];
      for (let i = first; i < first + length; i++) point[i] -= weights[k] * row[i];
    }
  };

  /** Normal equations of the least-squares problem by Gaussian elimination; they are at most 5 x 5. */
  const solve = (first: number, depth: number, oldest: number) => {
    let trace = 0;
    for (let a = 0; a < depth; a++) {
      const left = residualDifferences[(oldest + a) % ANDERSON_DEPTH];
      let right = 0;
      for (let i = first; i < first + length; i++) right += left[i] * lastResidual[i];
      weights[a] = right;
      for (let b = 0; b < depth; b++) {
        const other = residualDifferences[(oldest + b) % ANDERSON_DEPTH];
        let sum = 0;
        for (let i = first; i < first + length; i++) sum += left[i] * other[i];
        gram[a * ANDERSON_DEPTH + b] = sum;
      }
      trace += gram[a * ANDERSON_DEPTH + a];
    }
    for (let a = 0; a < depth; a++) gram[a * ANDERSON_DEPTH + a] += RIDGE * trace + Number.MIN_VALUE;
    for (let pivot = 0; pivot < depth; pivot++) {
      for (let row = pivot + 1; row < depth; row++) {
        const factor = gram[row * ANDERSON_DEPTH + pivot] / gram[pivot * ANDERSON_DEPTH + pivot];
        for (let column = pivot; column < depth; column++) {
          gram[row * ANDERSON_DEPTH + column] -= factor * gram[pivot * ANDERSON_DEPTH + column];
        }
        weights[row] -= factor * weights[pivot];
      }
    }
    for (let row = depth - 1; row >= 0; row--) {
      for (let column = row + 1; column < depth; column++) {
        weights[row] -= gram[row * ANDERSON_DEPTH + column] * weights[column];
      }
      weights[row] /= gram[row * ANDERSON_DEPTH + row];
    }
    // Differences that vanished altogether give 0 / 0: the sample is at rest, and the plain sweep is right.
    for (let k = 0; k < depth; k++) if (!Number.isFinite(weights[k])) weights.fill(0);
  };

  return {
    reset() {
      known.fill(0);
      newest.fill(0);
    },
    extrapolate(point, swept, samples) {
      for (let sample = 0; sample < samples; sample++) extrapolateSample(sample, point, swept);
    },
  };
}

/** Entries of memory that an accelerator of `capacity` samples of `length` numbers takes. */
export function acceleratorLength(capacity: number, length: number): number {
  return (2 * ANDERSON_DEPTH + 2) * capacity * length;
}
