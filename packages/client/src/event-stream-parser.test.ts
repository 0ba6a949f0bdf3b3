import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventStream, type ServerSentEvent } from './event-stream-parser.ts';

const TEXT =
  'retry: 2000\n\nid: 1\nevent: job.status\ndata: {"name":"gemütlich"}\n\n: still here\n\nevent: job.progress\ndata: 2\ndata: 3\n\n';

async function parse(pieces: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  async function* stream() {
    yield* pieces;
  }
  const events: ServerSentEvent[] = [];
  for await (const event of parseEventStream(stream())) events.push(event);
  return events;
}

describe('parseEventStream', () => {
  it('reads the same events however the bytes are cut into pieces, characters included', async () => {
    const bytes = new TextEncoder().encode(TEXT);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length)), async (cuts) => {
        const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = borders.slice(1).map((end, i) => bytes.subarray(borders[i], end));
        expect(await parse(pieces)).toEqual([
          { id: '1', event: 'job.status', data: '{"name":"gemütlich"}' },
          { id: undefined, event: 'job.progress', data: '2\n3' },
        ]);
      }),
    );
  });

  it('drops an event that was cut off', async () => {
    expect(await parse([new TextEncoder().encode('id: 1\ndata: whole\n\nid: 2\ndata: half')])).toHaveLength(1);
  });
});
