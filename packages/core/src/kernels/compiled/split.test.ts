/** Which runs go over rows and which over columns, on the networks that the rules were made for. */
import { describe, expect, it } from 'vitest';
import { measureBytes } from '../../tensor/arena.ts';
import { denseChain, type NetworkDescription } from '../network.ts';
import { GRAPHS, networkOn, ONE_SLOT } from '../testing/drawn-network.ts';
import { layOut } from './layout.ts';
import { isSparse, type Split, splitOf } from './split.ts';
import { OVER_COLUMNS, OVER_ROWS } from './words.ts';

const MAP = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' } as const;

function splitFor(
  graph: Pick<NetworkDescription, 'layers' | 'connections'>,
  elementType: 'float32' | 'float64',
): Split {
  let split: Split | undefined;
  measureBytes((allocator) => {
    const layout = layOut(networkOn(graph, 'logistic', MAP), ONE_SLOT, elementType, allocator);
    split = splitOf(layout.connections, layout.elementBytes);
  });
  if (split === undefined) throw new Error('nothing was laid out');
  return split;
}

describe('a run', () => {
  it('goes over rows where the weights of a step fit a cache, the input’s left out', () => {
    expect(splitFor(denseChain([784, 512, 10]), 'float32')).toEqual({ split: OVER_ROWS, blockRows: 4 });
    // A thin layer takes no second copy, a wide one does.
    expect(splitFor(denseChain([784, 128, 128, 10]), 'float32')).toEqual({ split: OVER_ROWS, blockRows: 12 });
  });

  it('goes over columns where they do not', () => {
    expect(splitFor(denseChain([784, 128, 128, 10]), 'float64').split).toBe(OVER_COLUMNS);
    expect(splitFor(denseChain([784, 512, 512, 10]), 'float32').split).toBe(OVER_COLUMNS);
  });

  it('goes over rows, sample by sample, with convolutions', () => {
    for (const name of ['convolution', 'max pooling'] as const) {
      expect(splitFor(GRAPHS[name], 'float32')).toEqual({ split: OVER_ROWS, blockRows: 1 });
    }
  });

  it('takes inputs as lists where most of them are zero', () => {
    expect(isSparse(19, 1, 100)).toBe(true);
    expect(isSparse(199, 2, 100)).toBe(false);
    expect(isSparse(0, 2, 100)).toBe(true);
  });
});
