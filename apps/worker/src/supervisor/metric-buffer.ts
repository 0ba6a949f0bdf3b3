/** Collects metric points into chunks; a chunk that has grown is written whole again, so a repeated write does no harm. */
import type { MetricKey } from '@settle/contracts';
import { CHUNK_POINTS, type MetricChunk } from '@settle/store';

export interface MetricBuffer {
  add(key: MetricKey, step: number, point: number): void;
  /** Chunks that have changed since the last call. */
  takeChanged(): MetricChunk[];
}

interface OpenChunk {
  readonly key: MetricKey;
  readonly number: number;
  readonly steps: number[];
  readonly points: number[];
}

export function metricBuffer(): MetricBuffer {
  const open = new Map<MetricKey, OpenChunk>();
  const changed = new Set<OpenChunk>();
  return {
    add(key, step, point) {
      let chunk = open.get(key);
      if (chunk === undefined || chunk.points.length >= CHUNK_POINTS) {
        chunk = { key, number: chunk === undefined ? 0 : chunk.number + 1, steps: [], points: [] };
        open.set(key, chunk);
      }
      chunk.steps.push(step);
      chunk.points.push(point);
      changed.add(chunk);
    },
    takeChanged() {
      // Copied: the open chunk goes on growing while these are being written.
      const chunks = [...changed].map((chunk) => ({ ...chunk, steps: [...chunk.steps], points: [...chunk.points] }));
      changed.clear();
      return chunks;
    },
  };
}
