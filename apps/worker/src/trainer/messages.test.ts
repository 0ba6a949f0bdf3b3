import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { handedOver, type TrainerMessage } from './messages.ts';

const stopped = (file: Uint8Array): TrainerMessage => ({
  kind: 'ended',
  outcome: { kind: 'stopped', request: 'hand-back', epoch: 0, step: 1, file },
  computeMs: 1,
});

it('hands the bytes of a checkpoint over and does not copy them', async () => {
  const file = Uint8Array.of(1, 2, 3);
  const message = stopped(file);
  const { port1, port2 } = new MessageChannel();
  const arrived = new Promise((resolve) => port2.once('message', resolve));
  port1.postMessage(message, handedOver(message));
  expect(file.byteLength).toBe(0);
  expect(await arrived).toEqual(stopped(Uint8Array.of(1, 2, 3)));
  port1.close();
});

it('copies what shares its buffer with others', () => {
  expect(handedOver(stopped(new Uint8Array(8).subarray(4)))).toEqual([]);
  expect(handedOver(stopped(new Uint8Array(new SharedArrayBuffer(8))))).toEqual([]);
  expect(handedOver({ kind: 'refused', reason: 'no' })).toEqual([]);
});
