/**
 * The plan: one network's addresses and sizes, written once by ../wasm-kernels.ts into the shared memory and read by
 * every kernel here. Word w of the plan lies at `plan + 4 * w`; ../plan-layout.ts holds the same numbers.
 *
 * Layers are numbered from 0 (the clamped input) to `layerCount - 1` (the output). All rows are padded to the layer's
 * `stride` with zeros; padded units have zero weights and biases and are never read back.
 */

export const LAYER_COUNT: i32 = 0;
export const RULE: i32 = 1;
export const ACTIVATION: i32 = 2;
export const NUDGE_PLACEMENT: i32 = 3;
export const STEP_SIZE: i32 = 4;
export const STOP_WORD_POINTER: i32 = 5;
export const DRIVE_POINTER: i32 = 6;
export const LABELS_POINTER: i32 = 7;
export const INPUTS_POINTER: i32 = 8;
export const SAMPLE_LIST_POINTER: i32 = 9;
export const SAMPLE_COUNTS_POINTER: i32 = 10;
export const PIXEL_LIST_POINTER: i32 = 11;
export const PIXEL_COUNTS_POINTER: i32 = 12;
export const DIFFERENCE_POINTER: i32 = 13;
export const SCRATCH_POINTER: i32 = 14;
export const BATCH_CAPACITY: i32 = 15;

const HEADER_WORDS: i32 = 16;
const LAYER_WORDS: i32 = 32;

/** Per layer, after the header. `WEIGHTS` lead from the layer below into this one. */
export const SIZE: i32 = 0;
export const STRIDE: i32 = 1;
/** [size, stride of the layer above]: row i holds the weights from unit i of this layer to every unit above. */
export const WEIGHTS_TO_ABOVE: i32 = 2;
/** [size of the layer above, stride]: the same numbers transposed, for the drive from above. */
export const WEIGHTS_FROM_ABOVE: i32 = 3;
export const BIASES: i32 = 4;
/** Up to 13 state slots, each [batch, stride]; `EMITTED` is ρ(state), the same address where ρ(s) = s. */
export const STATES: i32 = 5;
export const EMITTED: i32 = 18;

export const GRADIENT_OF_DEEP_HOPFIELD: i32 = 0;
export const DISCRETE_MAP: i32 = 1;

export const HARD_SIGMOID: i32 = 0;
export const LOGISTIC: i32 = 1;
export const TANH: i32 = 2;

export const NUDGE_INSIDE: i32 = 0;

/** Samples that settle together: with 8 columns they fill 8 of the 16 vector registers with sums. */
export const BLOCK_SAMPLES: i32 = 4;

// @ts-ignore: decorator
@inline
export function header(plan: usize, word: i32): i32 {
  return load<i32>(plan + (<usize>word << 2));
}

// @ts-ignore: decorator
@inline
export function headerPointer(plan: usize, word: i32): usize {
  return <usize>load<u32>(plan + (<usize>word << 2));
}

// @ts-ignore: decorator
@inline
export function layerWord(plan: usize, layer: i32, word: i32): i32 {
  return load<i32>(plan + (<usize>(HEADER_WORDS + layer * LAYER_WORDS + word) << 2));
}

// @ts-ignore: decorator
@inline
export function layerPointer(plan: usize, layer: i32, word: i32): usize {
  return <usize>load<u32>(plan + (<usize>(HEADER_WORDS + layer * LAYER_WORDS + word) << 2));
}
