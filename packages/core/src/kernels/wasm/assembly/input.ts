/**
 * The clamped input: its non-zero entries as lists, and the drive it exerts on the first hidden layer.
 *
 *   drive[sample] = biases₁ + Σ_pixels x[sample, pixel] · W₀[pixel]
 *
 * The input does not change during a phase, so the drive is computed once a batch. Skipping zeros is exact: 81 % of the
 * bytes of MNIST's training images are zero, and adding 0 · w changes no bit of a finite sum.
 */
import {
  BATCH_CAPACITY,
  BIASES,
  DRIVE_POINTER,
  header,
  headerPointer,
  INPUTS_POINTER,
  layerPointer,
  layerWord,
  PIXEL_COUNTS_POINTER,
  PIXEL_LIST_POINTER,
  SAMPLE_COUNTS_POINTER,
  SAMPLE_LIST_POINTER,
  SIZE,
  STRIDE,
  WEIGHTS_TO_ABOVE,
} from './plan';

/**
 * Lists the non-zero inputs twice, by sample (entries: byte offset of the weight row, value) and by pixel (entries:
 * sample, value). Inputs lie at INPUTS_POINTER as [batch, input size] float32. Samples from `sampleCount` to the
 * next multiple of the block size get empty lists.
 */
export function listInputs(plan: usize, sampleCount: i32): void {
  const inputSize = layerWord(plan, 0, SIZE);
  const rowBytes = layerWord(plan, 1, STRIDE) << 2;
  const capacity = header(plan, BATCH_CAPACITY);
  const sampleLists = headerPointer(plan, SAMPLE_LIST_POINTER);
  const sampleCounts = headerPointer(plan, SAMPLE_COUNTS_POINTER);
  const pixelLists = headerPointer(plan, PIXEL_LIST_POINTER);
  const pixelCounts = headerPointer(plan, PIXEL_COUNTS_POINTER);
  memory.fill(pixelCounts, 0, (<usize>inputSize) << 2);
  memory.fill(sampleCounts, 0, (<usize>capacity) << 2);
  let input = headerPointer(plan, INPUTS_POINTER);
  for (let sample = 0; sample < sampleCount; sample++) {
    const list = sampleLists + ((<usize>(sample * inputSize)) << 3);
    let entry = list;
    for (let pixel = 0; pixel < inputSize; pixel++) {
      const value = load<f32>(input);
      input += 4;
      if (value == 0) continue; // NaN is not equal to zero: a bad input is listed, and seen later.
      store<u32>(entry, pixel * rowBytes);
      store<f32>(entry, value, 4);
      entry += 8;
      const countPointer = pixelCounts + ((<usize>pixel) << 2);
      const count = load<i32>(countPointer);
      const byPixel = pixelLists + ((<usize>(pixel * capacity + count)) << 3);
      store<i32>(byPixel, sample);
      store<f32>(byPixel, value, 4);
      store<i32>(countPointer, count + 1);
    }
    store<i32>(sampleCounts + ((<usize>sample) << 2), <i32>((entry - list) >> 3));
  }
}

/** Writes drive [batch, stride of layer 1] for samples `first` (inclusive) to `end` (exclusive). */
export function driveFromInput(plan: usize, first: i32, end: i32): void {
  const inputSize = layerWord(plan, 0, SIZE);
  const stride = layerWord(plan, 1, STRIDE);
  const weights = layerPointer(plan, 0, WEIGHTS_TO_ABOVE);
  const biases = layerPointer(plan, 1, BIASES);
  const drive = headerPointer(plan, DRIVE_POINTER);
  const lists = headerPointer(plan, SAMPLE_LIST_POINTER);
  const counts = headerPointer(plan, SAMPLE_COUNTS_POINTER);
  // 32 columns at a time keep eight sums in registers; all samples pass over one column panel before the next.
  let column = 0;
  for (; column + 32 <= stride; column += 32) {
    const panel = weights + ((<usize>column) << 2);
    const bias = biases + ((<usize>column) << 2);
    for (let sample = first; sample < end; sample++) {
      let entry = lists + ((<usize>(sample * inputSize)) << 3);
      const last = entry + ((<usize>load<i32>(counts + ((<usize>sample) << 2))) << 3);
      let a0 = v128.load(bias);
      let a1 = v128.load(bias, 16);
      let a2 = v128.load(bias, 32);
      let a3 = v128.load(bias, 48);
      let a4 = v128.load(bias, 64);
      let a5 = v128.load(bias, 80);
      let a6 = v128.load(bias, 96);
      let a7 = v128.load(bias, 112);
      for (; entry < last; entry += 8) {
        const row = panel + <usize>load<u32>(entry);
        const x = v128.load_splat<f32>(entry, 4);
        a0 = f32x4.add(a0, f32x4.mul(x, v128.load(row)));
        a1 = f32x4.add(a1, f32x4.mul(x, v128.load(row, 16)));
        a2 = f32x4.add(a2, f32x4.mul(x, v128.load(row, 32)));
        a3 = f32x4.add(a3, f32x4.mul(x, v128.load(row, 48)));
        a4 = f32x4.add(a4, f32x4.mul(x, v128.load(row, 64)));
        a5 = f32x4.add(a5, f32x4.mul(x, v128.load(row, 80)));
        a6 = f32x4.add(a6, f32x4.mul(x, v128.load(row, 96)));
        a7 = f32x4.add(a7, f32x4.mul(x, v128.load(row, 112)));
      }
      const out = drive + ((<usize>(sample * stride + column)) << 2);
      v128.store(out, a0);
      v128.store(out, a1, 16);
      v128.store(out, a2, 32);
      v128.store(out, a3, 48);
      v128.store(out, a4, 64);
      v128.store(out, a5, 80);
      v128.store(out, a6, 96);
      v128.store(out, a7, 112);
    }
  }
  for (; column < stride; column += 4) {
    const panel = weights + ((<usize>column) << 2);
    for (let sample = first; sample < end; sample++) {
      let entry = lists + ((<usize>(sample * inputSize)) << 3);
      const last = entry + ((<usize>load<i32>(counts + ((<usize>sample) << 2))) << 3);
      let sum = v128.load(biases + ((<usize>column) << 2));
      for (; entry < last; entry += 8) {
        const x = v128.load_splat<f32>(entry, 4);
        sum = f32x4.add(sum, f32x4.mul(x, v128.load(panel + <usize>load<u32>(entry))));
      }
      v128.store(drive + ((<usize>(sample * stride + column)) << 2), sum);
    }
  }
}
