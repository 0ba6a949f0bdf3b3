import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArenaMemory, openArena } from './arena.ts';
import { controlBlock } from './control-block.ts';

describe('a control block', () => {
  it('shows the latest stop request and the sum of all beats through every view of the memory', () => {
    const moves = fc.array(
      fc.record({ view: fc.nat({ max: 2 }), move: fc.constantFrom('none', 'cancel', 'hand-back', 'beat') }),
    );
    fc.assert(
      fc.property(moves, (made) => {
        const memory = createArenaMemory(0);
        const views = [controlBlock(memory), controlBlock(memory), controlBlock(memory)];
        let request = 'none';
        let beats = 0;
        for (const { view, move } of made) {
          if (move === 'beat') {
            views[view].beat();
            beats++;
          } else {
            views[view].requestStop(move);
            request = move;
          }
          expect(views.map((each) => each.stopRequest())).toEqual([request, request, request]);
          expect(views.map((each) => each.heartbeats())).toEqual([beats, beats, beats]);
        }
      }),
    );
  });

  it('holds zero at the stop word exactly while nobody asked to stop, as kernels read it', () => {
    const memory = createArenaMemory(0);
    const control = controlBlock(memory);
    const word = new Int32Array(memory.buffer, control.stopWordPointer, 1);
    expect(word[0]).toBe(0);
    for (const request of ['cancel', 'hand-back'] as const) {
      control.requestStop(request);
      expect(word[0]).not.toBe(0);
    }
    control.requestStop('none');
    expect(word[0]).toBe(0);
  });

  it('is not touched by filling everything an arena can give', () => {
    const memory = createArenaMemory(0);
    const control = controlBlock(memory);
    control.requestStop('hand-back');
    control.beat();
    const { pointer } = openArena(memory).float32(0);
    openArena(memory)
      .float32((memory.buffer.byteLength - pointer) / 4)
      .values.fill(Number.NaN);
    expect(control.stopRequest()).toBe('hand-back');
    expect(control.heartbeats()).toBe(1);
  });

  it('carries a request from another thread', async () => {
    const memory = createArenaMemory(0);
    const control = controlBlock(memory);
    const source = `const { workerData } = require('node:worker_threads');
      Atomics.store(new Int32Array(workerData.buffer), workerData.word, 1);`;
    const word = control.stopWordPointer / 4;
    const worker = new Worker(source, { eval: true, workerData: { buffer: memory.buffer, word } });
    await once(worker, 'exit');
    expect(control.stopRequest()).toBe('cancel');
  });
});
