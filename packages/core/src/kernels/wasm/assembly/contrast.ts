/**
 * The contrast of two equilibria, added to parameters.
 *
 *   W_k += scale_k · Σ_samples [ r_k ⊗ r_{k+1} |upper − r_k ⊗ r_{k+1} |lower ]
 *   b_k += scale_b · Σ_samples [ r_k |upper − r_k |lower ]
 *
 * The input is the same in both, so W₀ needs one product on the difference of states, not two on the states, and only
 * for pixels that are not zero in the whole batch.
 */
import {
  BATCH_CAPACITY,
  DIFFERENCE_POINTER,
  EMITTED,
  header,
  headerPointer,
  layerPointer,
  layerWord,
  PIXEL_COUNTS_POINTER,
  PIXEL_LIST_POINTER,
  SIZE,
  STRIDE,
} from './plan';

/** Adds to the weights [input size, stride of layer 1] at `weights` from the clamped input to layer 1. */
export function contrastInputWeights(
  plan: usize,
  weights: usize,
  lower: i32,
  upper: i32,
  scale: f32,
  samples: i32,
): void {
  const stride = layerWord(plan, 1, STRIDE);
  const rowBytes = (<usize>stride) << 2;
  const difference = headerPointer(plan, DIFFERENCE_POINTER);
  const lowerStates = layerPointer(plan, 1, EMITTED + lower);
  const upperStates = layerPointer(plan, 1, EMITTED + upper);
  const factor = f32x4.splat(scale);
  for (let at: usize = 0; at < rowBytes * <usize>samples; at += 16) {
    v128.store(difference + at, f32x4.mul(factor, f32x4.sub(v128.load(upperStates + at), v128.load(lowerStates + at))));
  }
  const inputSize = layerWord(plan, 0, SIZE);
  const capacity = header(plan, BATCH_CAPACITY);
  const lists = headerPointer(plan, PIXEL_LIST_POINTER);
  const counts = headerPointer(plan, PIXEL_COUNTS_POINTER);
  for (let pixel = 0; pixel < inputSize; pixel++) {
    const count = load<i32>(counts + ((<usize>pixel) << 2));
    if (count == 0) continue;
    const list = lists + ((<usize>(pixel * capacity)) << 3);
    const last = list + ((<usize>count) << 3);
    const row = weights + <usize>pixel * rowBytes;
    let at: usize = 0;
    for (; at + 128 <= rowBytes; at += 128) {
      const out = row + at;
      let a0 = v128.load(out);
      let a1 = v128.load(out, 16);
      let a2 = v128.load(out, 32);
      let a3 = v128.load(out, 48);
      let a4 = v128.load(out, 64);
      let a5 = v128.load(out, 80);
      let a6 = v128.load(out, 96);
      let a7 = v128.load(out, 112);
      for (let entry = list; entry < last; entry += 8) {
        const e = difference + <usize>load<i32>(entry) * rowBytes + at;
        const x = v128.load_splat<f32>(entry, 4);
        a0 = f32x4.add(a0, f32x4.mul(x, v128.load(e)));
        a1 = f32x4.add(a1, f32x4.mul(x, v128.load(e, 16)));
        a2 = f32x4.add(a2, f32x4.mul(x, v128.load(e, 32)));
        a3 = f32x4.add(a3, f32x4.mul(x, v128.load(e, 48)));
        a4 = f32x4.add(a4, f32x4.mul(x, v128.load(e, 64)));
        a5 = f32x4.add(a5, f32x4.mul(x, v128.load(e, 80)));
        a6 = f32x4.add(a6, f32x4.mul(x, v128.load(e, 96)));
        a7 = f32x4.add(a7, f32x4.mul(x, v128.load(e, 112)));
      }
      v128.store(out, a0);
      v128.store(out, a1, 16);
      v128.store(out, a2, 32);
      v128.store(out, a3, 48);
      v128.store(out, a4, 64);
      v128.store(out, a5, 80);
      v128.store(out, a6, 96);
      v128.store(out, a7, 112);
    }
    for (; at < rowBytes; at += 16) {
      let sum = v128.load(row + at);
      for (let entry = list; entry < last; entry += 8) {
        const e = difference + <usize>load<i32>(entry) * rowBytes + at;
        sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(entry, 4), v128.load(e)));
      }
      v128.store(row + at, sum);
    }
  }
}

/** Adds to the weights [size of `layer`, stride of the layer above] at `weights`. `layer` >= 1. */
export function contrastWeights(
  plan: usize,
  weights: usize,
  layer: i32,
  lower: i32,
  upper: i32,
  scale: f32,
  samples: i32,
): void {
  const rowBytes = (<usize>layerWord(plan, layer, STRIDE)) << 2;
  const aboveBytes = (<usize>layerWord(plan, layer + 1, STRIDE)) << 2;
  const lowerRows = layerPointer(plan, layer, EMITTED + lower);
  const upperRows = layerPointer(plan, layer, EMITTED + upper);
  const lowerAbove = layerPointer(plan, layer + 1, EMITTED + lower);
  const upperAbove = layerPointer(plan, layer + 1, EMITTED + upper);
  const size = layerWord(plan, layer, SIZE);
  const factor = f32x4.splat(scale);
  // Four rows (units of this layer) by four columns (units above): the rows come as one vector and are spread by lane.
  for (let unit = 0; unit < size; unit += 4) {
    for (let at: usize = 0; at < aboveBytes; at += 16) {
      let s0 = f32x4.splat(0.0);
      let s1 = f32x4.splat(0.0);
      let s2 = f32x4.splat(0.0);
      let s3 = f32x4.splat(0.0);
      for (let sample: usize = 0; sample < <usize>samples; sample++) {
        const rowAt = sample * rowBytes + ((<usize>unit) << 2);
        const yUpper = v128.load(upperAbove + sample * aboveBytes + at);
        const yLower = v128.load(lowerAbove + sample * aboveBytes + at);
        const up = upperRows + rowAt;
        const low = lowerRows + rowAt;
        s0 = f32x4.add(
          s0,
          f32x4.sub(f32x4.mul(v128.load_splat<f32>(up), yUpper), f32x4.mul(v128.load_splat<f32>(low), yLower)),
        );
        s1 = f32x4.add(
          s1,
          f32x4.sub(f32x4.mul(v128.load_splat<f32>(up, 4), yUpper), f32x4.mul(v128.load_splat<f32>(low, 4), yLower)),
        );
        s2 = f32x4.add(
          s2,
          f32x4.sub(f32x4.mul(v128.load_splat<f32>(up, 8), yUpper), f32x4.mul(v128.load_splat<f32>(low, 8), yLower)),
        );
        s3 = f32x4.add(
          s3,
          f32x4.sub(f32x4.mul(v128.load_splat<f32>(up, 12), yUpper), f32x4.mul(v128.load_splat<f32>(low, 12), yLower)),
        );
      }
      let out = weights + <usize>unit * aboveBytes + at;
      v128.store(out, f32x4.add(v128.load(out), f32x4.mul(factor, s0)));
      if (unit + 1 >= size) continue;
      out += aboveBytes;
      v128.store(out, f32x4.add(v128.load(out), f32x4.mul(factor, s1)));
      if (unit + 2 >= size) continue;
      out += aboveBytes;
      v128.store(out, f32x4.add(v128.load(out), f32x4.mul(factor, s2)));
      if (unit + 3 >= size) continue;
      out += aboveBytes;
      v128.store(out, f32x4.add(v128.load(out), f32x4.mul(factor, s3)));
    }
  }
}

/** Adds to the biases [stride] at `biases` of `layer`. Padded units stay zero, because `real` columns are written. */
export function contrastBiases(
  plan: usize,
  biases: usize,
  layer: i32,
  lower: i32,
  upper: i32,
  scale: f32,
  samples: i32,
): void {
  const rowBytes = (<usize>layerWord(plan, layer, STRIDE)) << 2;
  const lowerRows = layerPointer(plan, layer, EMITTED + lower);
  const upperRows = layerPointer(plan, layer, EMITTED + upper);
  const factor = f32x4.splat(scale);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let sum = f32x4.splat(0.0);
    for (let sample: usize = 0; sample < <usize>samples; sample++) {
      const offset = sample * rowBytes + at;
      sum = f32x4.add(sum, f32x4.sub(v128.load(upperRows + offset), v128.load(lowerRows + offset)));
    }
    v128.store(biases + at, f32x4.add(v128.load(biases + at), f32x4.mul(factor, sum)));
  }
}
