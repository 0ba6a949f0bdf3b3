import { describe, expect, it } from 'vitest';
import { checkNetwork } from '../kernels/network.ts';
import {
  denseNetwork,
  depthOf,
  type LayerSettings,
  type NetworkSettings,
  networkStructure,
} from './network-structure.ts';

const convolution = (channels: number, kernelSize: number, stride: number, padding: number): LayerSettings => {
  return { channels, kernelSize, stride, padding, pooling: null };
};
const SETTINGS: NetworkSettings = {
  input: [3, 8, 8],
  layers: [
    convolution(4, 3, 1, 1),
    { channels: 6, kernelSize: 3, stride: 1, padding: 1, pooling: { kind: 'max', size: 2 } },
    10,
  ],
  skips: [],
  activation: 'tanh',
  outputActivation: 'identity',
  readout: 'squared-error',
  feedback: 'symmetric',
};
const dynamics = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' } as const;
const check = (settings: Partial<NetworkSettings>) => {
  const structure = networkStructure({ ...SETTINGS, ...settings });
  checkNetwork({ ...structure, dynamics });
  return structure;
};

describe('a network’s structure', () => {
  it('has the shapes that its convolutions and poolings leave', () => {
    const { layers, connections } = check({});
    expect(layers).toEqual([
      [3, 8, 8],
      [4, 8, 8],
      [6, 4, 4],
      [10, 1, 1],
    ]);
    expect(connections.map(({ kind, from, to }) => `${kind} ${from}-${to}`)).toEqual([
      ...['convolution 0-1', 'convolution 1-2', 'dense 2-3'],
    ]);
  });

  it('puts skips among the connections by the layer above, then below, and counts the longest way as depth', () => {
    const skips = [
      { from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 },
      { from: 0, to: 2, kernelSize: 1, stride: 2, padding: 0 },
    ];
    const structure = check({ skips });
    expect(structure.connections.map(({ kind, from, to }) => `${kind} ${from}-${to}`)).toEqual([
      ...['convolution 0-1', 'convolution 0-2', 'convolution 1-2', 'dense 1-3', 'dense 2-3'],
    ]);
    expect(depthOf(structure)).toBe(3);
  });

  it('is a dense chain where it is asked for as one', () => {
    const structure = denseNetwork([4, 3, 2], 'logistic');
    expect(structure.layers).toEqual([
      [4, 1, 1],
      [3, 1, 1],
      [2, 1, 1],
    ]);
    expect(depthOf(structure)).toBe(2);
    expect(structure.outputActivation).toBe('logistic');
  });

  const skip = { from: 0, to: 2, kernelSize: 1, stride: 2, padding: 0 };
  const impossible: [string, Partial<NetworkSettings>][] = [
    ['no layers', { layers: [] }],
    ['a layer of no units', { layers: [0] }],
    ['a kernel larger than its input', { layers: [convolution(2, 9, 1, 0)] }],
    [
      'a pooling larger than what it pools',
      { layers: [{ channels: 2, kernelSize: 3, stride: 1, padding: 0, pooling: { kind: 'max', size: 7 } }] },
    ],
    ['no stride', { layers: [convolution(2, 3, 0, 0)] }],
    ['half a stride', { layers: [convolution(2, 2, 0.5, 0), 3] }],
    ['half a kernel', { layers: [convolution(2, 2.5, 0.5, 0), 3] }],
    ['no kernel', { layers: [convolution(2, 0, 1, 0)] }],
    ['less than no padding', { layers: [convolution(2, 3, 1, -1)] }],
    ['a stride that is no number', { layers: [convolution(2, 3, Number.NaN, 0)] }],
    ['a skip that does not fit', { skips: [{ ...skip, stride: 1 }] }],
    ['a skip downwards', { skips: [{ ...skip, from: 2, to: 1 }] }],
    ['a skip to nowhere', { skips: [{ ...skip, to: 4 }] }],
    ['a skip beside a connection', { skips: [{ from: 2, to: 3, kernelSize: 0, stride: 1, padding: 0 }] }],
    ['a softmax of the input', { layers: [10], readout: 'softmax-cross-entropy' }],
    [
      'a softmax of two layers',
      { readout: 'softmax-cross-entropy', skips: [{ ...skip, from: 1, to: 3, kernelSize: 0 }] },
    ],
    ['separate feedback through a pooling', { feedback: 'separate' }],
  ];
  it.each(impossible)('refuses %s with RangeError', (_, settings) => {
    expect(() => check(settings)).toThrow(RangeError);
  });

  it('is refused with connections out of order, which kernels rely on', () => {
    const structure = networkStructure(SETTINGS);
    const connections = [...structure.connections].reverse();
    expect(() => checkNetwork({ ...structure, connections, dynamics })).toThrow(RangeError);
  });
});
