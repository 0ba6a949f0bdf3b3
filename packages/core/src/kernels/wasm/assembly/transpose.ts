/** Keeps the transposed copy of the weights between layers `layer` and `layer + 1` equal to the forward copy. */
import { layerPointer, layerWord, SIZE, STRIDE, WEIGHTS_FROM_ABOVE, WEIGHTS_TO_ABOVE } from './plan';

export function transposeWeights(plan: usize, layer: i32): void {
  const size = layerWord(plan, layer, SIZE);
  const aboveSize = layerWord(plan, layer + 1, SIZE);
  const rowBytes = (<usize>layerWord(plan, layer + 1, STRIDE)) << 2;
  const transposedRowBytes = (<usize>layerWord(plan, layer, STRIDE)) << 2;
  const from = layerPointer(plan, layer, WEIGHTS_TO_ABOVE);
  const into = layerPointer(plan, layer, WEIGHTS_FROM_ABOVE);
  // Tiles of 16 columns: every cache line of the source is used whole before it leaves the cache.
  for (let tile = 0; tile < aboveSize; tile += 16) {
    const end = tile + 16 < aboveSize ? tile + 16 : aboveSize;
    for (let unit = 0; unit < size; unit++) {
      const row = from + <usize>unit * rowBytes;
      for (let above = tile; above < end; above++) {
        store<f32>(
          into + <usize>above * transposedRowBytes + ((<usize>unit) << 2),
          load<f32>(row + ((<usize>above) << 2)),
        );
      }
    }
  }
}
