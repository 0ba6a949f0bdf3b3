/**
 * The WebAssembly engine: float32, 128-bit SIMD, the same bits on every machine and for every number of lanes.
 *
 * Runs may begin before all lanes have started: each is shared among those that have come by then.
 */
import type { Arena } from '../../tensor/arena.ts';
import type { Engine, OpenEngine } from '../compiled/engine.ts';
import * as word from '../compiled/words.ts';
import type { Lanes } from '../kernel-set.ts';
import { instantiate, layOutLanes, reportFailure } from './lanes.ts';
import { MOST_LANES } from './meeting-place.ts';

/** Codes of the operations that it runs. */
export const WASM_OPERATIONS: ReadonlySet<number> = new Set([
  word.COPY,
  word.FILL,
  word.COMBINE,
  word.PRODUCT,
  word.THIN_PRODUCT,
  word.SPARSE_PRODUCT,
  word.OUTER,
  word.SPARSE_OUTER,
  word.COLUMN_SUM,
  word.TRANSPOSE,
  word.UPDATE_MAP,
  word.UPDATE_ENERGY,
  word.UPDATE_PREDICTION,
  word.EMIT,
  word.MULTIPLY_SLOPE,
  word.SOFTMAX,
  word.LIST_SAMPLES,
  word.LIST_COLUMNS,
  word.PACK,
  word.PLACE,
  word.PICK,
  word.SCALE_COLUMNS,
  word.CONVOLVE,
  word.POOL,
  word.UNCONVOLVE,
  word.CONVOLVE_OUTER,
  word.BARRIER,
]);

/** STATUS of a program with an operation that the kernels do not know. */
const UNKNOWN_OPERATION = 3;

export const wasmEngine: Engine = {
  name: 'wasm',
  elementType: 'float32',
  operations: WASM_OPERATIONS,
  open,
};

/** Takes the same bytes of the arena, `layOutLanes`, for any number of lanes. Throws RangeError beyond 16 lanes. */
function open(arena: Arena, lanes: Lanes): OpenEngine {
  const { count, start } = lanes;
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST_LANES)) {
    throw new RangeError(`the WebAssembly engine has 1 to ${MOST_LANES} lanes, not ${count}`);
  }
  if (count > 1 && start === undefined) throw new RangeError(`nothing starts the ${count - 1} lanes beside the caller`);
  const { memory } = arena;
  const place = layOutLanes(arena);
  const kernels = instantiate(memory);
  const words = new Int32Array(memory.buffer);
  for (let lane = 1; lane < count; lane++) start?.({ memory, pointer: place, lane });
  let closed = false;
  return {
    run(pointer) {
      if (closed) throw new Error('the engine has been closed');
      try {
        kernels.run(place, pointer);
      } catch (error) {
        reportFailure(memory, place);
        throw new Error('the WebAssembly engine broke down', { cause: error });
      }
      if (words[(pointer >>> 2) + word.STATUS] === UNKNOWN_OPERATION) {
        throw new Error('a program has an operation that the WebAssembly engine does not know');
      }
    },
    close() {
      if (closed) return;
      closed = true;
      kernels.close(place);
    },
  };
}
