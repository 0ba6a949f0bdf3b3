import { describe, expect, it } from 'vitest';
import { type BenchOffer, parseBenchArguments } from './bench-request.ts';
import { parseCompareArguments } from './compare/compare-request.ts';
import { parseOperationsArguments } from './operations/operations-request.ts';

const OFFER: BenchOffer = {
  workloads: ['p-512', 'bp-512'],
  kernels: ['wasm', 'reference'],
  knownKernels: ['native', 'wasm', 'reference'],
  cores: 2,
};

const faultsOf = (parsed: { kind: string; faults?: readonly string[] }): readonly string[] => {
  if (parsed.faults === undefined) throw new Error('no faults');
  return parsed.faults;
};

describe('the command line of the bench', () => {
  it('takes the preferred kernels, all cores and all workloads where nothing is said', () => {
    expect(parseBenchArguments([], OFFER)).toEqual({
      kind: 'request',
      request: { json: false, record: false, only: undefined, kernels: 'wasm', lanes: 2 },
    });
  });

  it('takes what is said', () => {
    const args = ['--json', '--record', '--only', 'bp-512', '--kernels=reference', '--lanes', '5'];
    expect(parseBenchArguments(args, OFFER)).toEqual({
      kind: 'request',
      request: { json: true, record: true, only: 'bp-512', kernels: 'reference', lanes: 5 },
    });
  });

  it('names all faults at once', () => {
    const args = ['--only', 'p-513', '--kernels', 'gpu', '--lanes', '0', 'now', '--bar', '-x', '--json=yes'];
    const faults = faultsOf(parseBenchArguments(args, OFFER));
    for (const named of ['"p-513"', '"gpu"', '"0"', '"now"', '--bar', '-x', '--json']) {
      expect(faults.filter((fault) => fault.includes(named))).not.toEqual([]);
    }
    expect(faults).toHaveLength(7);
  });

  it.each(['1.5', '-1', '1e1', '65', 'two', '0x2'])('refuses %s lanes', (lanes) => {
    expect(faultsOf(parseBenchArguments([`--lanes=${lanes}`], OFFER))).toHaveLength(1);
  });

  it.each([[['--lanes']], [['--only=']], [['--json', '--json']], [['--lanes', '1', '--lanes', '2']]])(
    'refuses %j',
    (args) => {
      expect(faultsOf(parseBenchArguments(args, OFFER))).toHaveLength(1);
    },
  );

  it('tells kernels that are not built here from those that there are not', () => {
    expect(faultsOf(parseBenchArguments(['--kernels', 'native'], OFFER))).toEqual([
      '--kernels native: not built on this machine',
    ]);
  });
});

describe('the command line of the comparison', () => {
  it('hands on what is the benches’ own', () => {
    expect(parseCompareArguments(['main', '.', '--rounds', '4', '--only', 'p-512', '--lanes=1'])).toEqual({
      kind: 'request',
      request: {
        before: 'main',
        after: '.',
        rounds: 4,
        json: false,
        benchArguments: ['--only', 'p-512', '--lanes', '1'],
      },
    });
  });

  it('wants two commits and three rounds', () => {
    expect(faultsOf(parseCompareArguments(['main', '--rounds', '2']))).toHaveLength(2);
    expect(faultsOf(parseCompareArguments(['a', 'b', 'c']))).toHaveLength(1);
  });
});

describe('the command line of single operations', () => {
  it('runs one lane where nothing is said, for operations are compared by core', () => {
    const offer = { operations: ['product'], engines: ['wasm'] };
    const request = { json: false, only: 'product', kernels: undefined, lanes: 1 };
    expect(parseOperationsArguments(['--only', 'product'], offer)).toEqual({ kind: 'request', request });
  });
});
