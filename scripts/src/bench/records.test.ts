import { describe, expect, it } from 'vitest';
import { recordName } from './bench-results.ts';
import { rowOf } from './bench-row.ts';
import { instructionsOf } from './machine.ts';

const MACHINE = { cpu: 'Intel(R) Xeon(R) Processor @ 2.80GHz', cores: 2, platform: '', node: '', instructions: '' };

describe('a row', () => {
  const context = { kernels: 'wasm', lanes: 2, machine: 'this', commit: 'abc' };
  const times = { medianMs: 0.5, p10Ms: 0.4, steps: 100 };

  it('has speeds that follow from the median', () => {
    expect(rowOf('p-512', 20, 50e6, times, { ...context, peakFlops: 400e9 })).toEqual({
      ...{ workload: 'p-512', batch: 20, kernels: 'wasm', lanes: 2, msPerStep: 0.5, p10Ms: 0.4 },
      ...{ imagesPerSecond: 40_000, usefulGflops: 100, peakFraction: 0.25, machine: 'this', commit: 'abc' },
    });
  });

  it('has no share of a peak that nobody measured', () => {
    expect(rowOf('p-512', 20, 50e6, times, { ...context, peakFlops: undefined }).peakFraction).toBeNull();
  });
});

describe('the name of a record', () => {
  it('says when, on what and of which code', () => {
    const about = { at: '2026-11-21T18:30:59.000Z', machine: MACHINE, commit: 'abc123', uncommitted: true };
    expect(recordName(about)).toBe('2026-11-21T1830-intel-xeon-abc123-uncommitted.json');
    const nameless = { ...about, uncommitted: false, machine: { ...MACHINE, cpu: '' } };
    expect(recordName(nameless)).toBe('2026-11-21T1830-unknown-cpu-abc123.json');
  });
});

describe('instructions', () => {
  it('are the widest that the processor has', () => {
    const flags = (text: string) => new Set(text.split(' '));
    expect(instructionsOf('x64', flags('sse2 fma avx2 avx512f'))).toBe('avx512');
    expect(instructionsOf('x64', flags('avx512f amx_tile'))).toBe('avx512 amx');
    expect(instructionsOf('x64', flags('avx2 fma'))).toBe('avx2');
    expect(instructionsOf('x64', flags('avx2'))).toBe('sse2');
    expect(instructionsOf('arm64', new Set())).toBe('neon');
  });
});
