/** Word numbers of the plan that ./assembly/plan.ts reads; the conformance suite fails when the two differ. */
export const HEADER = {
  layerCount: 0,
  rule: 1,
  activation: 2,
  nudgePlacement: 3,
  stepSize: 4,
  stopWordPointer: 5,
  drivePointer: 6,
  labelsPointer: 7,
  inputsPointer: 8,
  sampleListPointer: 9,
  sampleCountsPointer: 10,
  pixelListPointer: 11,
  pixelCountsPointer: 12,
  differencePointer: 13,
  scratchPointer: 14,
  batchCapacity: 15,
} as const;

export const HEADER_WORDS = 16;
export const LAYER_WORDS = 32;
/** Slots for which a layer's part of the plan has room. */
export const MOST_SLOTS = 13;

export const LAYER = {
  size: 0,
  stride: 1,
  weightsToAbove: 2,
  weightsFromAbove: 3,
  biases: 4,
  states: 5,
  emitted: 18,
} as const;

export const RULE = { 'energy-gradient': 0, 'discrete-map': 1 } as const;
export const ACTIVATION = { 'hard-sigmoid': 0, logistic: 1, tanh: 2 } as const;
export const NUDGE = { inside: 0, outside: 1 } as const;
/** Where a phase starts that starts from nothing. */
export const FROM_ZEROS = -1;

/** Samples that settle together; batches are padded to whole blocks. */
export const BLOCK_SAMPLES = 4;

/**
 * Floats per row of a layer. Wide layers are padded to whole panels of 32 columns, which keep eight sums in registers;
 * narrow ones, such as ten outputs, only to a whole vector.
 */
export function strideOf(size: number): number {
  const multiple = size >= 128 ? 32 : 4;
  return Math.ceil(size / multiple) * multiple;
}
