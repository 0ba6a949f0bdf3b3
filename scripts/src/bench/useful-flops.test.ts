/** Held against the published table: the useful GFLOP/s that follow from a workload's ms per step. */
import { describe, expect, it } from 'vitest';
import { usefulFlops } from './useful-flops.ts';
import { workloadNamed } from './workloads.ts';

const gflops = (name: string, batch: number): number => {
  const { parts, counts } = workloadNamed(name);
  return usefulFlops(parts().network, counts, batch) / 1e9;
};

describe('useful flops', () => {
  it.each([
    ['p-512', 20, 0.96, 51],
    ['p-512', 128, 3.54, 88],
    ['p-512-short', 20, 0.7, 60],
    ['e-500', 20, 0.75, 55],
    ['e-500', 128, 2.5, 106],
    ['p-512x2', 20, 6.0, 151],
    ['p-1024x5', 20, 128, 108],
    ['p-1024x5', 128, 400, 222],
    ['conv-mnist', 20, 99, 66],
    ['conv-mnist', 128, 531, 80],
    ['bp-512', 20, 0.29, 112],
  ])('%s, batch %i, at %d ms are %d GFLOP/s', (name, batch, ms, published) => {
    expect(Math.abs(gflops(name, batch) / (ms / 1e3) / published - 1)).toBeLessThan(0.02);
  });

  it('follows the formula 2·B·( n0·n1 + 2(T1+T2)·Σ n_k·n_{k+1} + n0·n1 + 2·Σ n_k·n_{k+1} )', () => {
    const upper = 512 * 512 + 512 * 10;
    expect(gflops('p-512x2', 7) * 1e9).toBe(2 * 7 * (784 * 512 + 2 * 40 * upper + 784 * 512 + 2 * upper));
  });

  it('counts a softmax read-out in the nudged phase, and one outer product of a rule that has one', () => {
    const hidden = 512 * 512 * (2 * 20 + 1);
    const readout = 512 * 10 * (2 * 10 + 2);
    expect(gflops('fre-512x2', 1) * 1e9).toBe(2 * (2 * 784 * 512 + hidden + readout));
  });
});
