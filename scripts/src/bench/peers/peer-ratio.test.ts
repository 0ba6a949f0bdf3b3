import { describe, expect, it } from 'vitest';
import { peerRatios, timingsIn } from './peer-ratio.ts';

const ours = (ms: number, kernels = 'native') => ({ workload: 'p-512', batch: 20, kernels, lanes: 2, msPerStep: ms });
const theirs = (ms: number, implementation = 'hand-written') => ({
  ...{ workload: 'p-512', batch: 20, implementation, route: 'onednn', msPerStep: ms },
});

describe('ratios to peers', () => {
  it('divide the best round of the peer by the best of each set of ours', () => {
    const timings = timingsIn([ours(0.3), theirs(0.9), ours(0.2), theirs(0.8), ours(0.5, 'wasm')]);
    expect(peerRatios(timings).map(({ kernels, ourMs, peerMs, ratio }) => [kernels, ourMs, peerMs, ratio])).toEqual([
      ['native', 0.2, 0.8, 4],
      ['wasm', 0.5, 0.8, 1.6],
    ]);
  });

  it('compare equal workloads and batches only, and every peer', () => {
    const timings = timingsIn([ours(1), { ...theirs(3), batch: 128 }, theirs(2), theirs(5, 'public-like')]);
    expect(peerRatios(timings).map(({ peer, ratio }) => [peer, ratio])).toEqual([
      ['hand-written', 2],
      ['public-like', 5],
    ]);
  });

  it('are not made of what no bench printed', () => {
    expect(() => timingsIn({})).toThrow('an array');
    expect(() => timingsIn([{ ...ours(1), msPerStep: null }])).toThrow('not a row');
  });
});
