/** Tests of the operations of convolutions, on small maps with kernels, strides and windows of several sizes. */
import { convolve, convolveOuter, type PoolingWindows, pick, place, pool, unconvolve } from '../map-operations.ts';
import * as word from '../words.ts';
import { choose, drawInit, type OperationCase, rowsIfAny } from './operation-case.ts';
import { GUARD, padded, type Scene, type Shape, type Tensor } from './scene.ts';
import type { Laid } from './stage.ts';

type Draw = NonNullable<Shape['draw']>;
/** Zeros among them, which the transposed convolution leaves out. */
const holed: Draw = (stream, k) => {
  const drawn = stream.uniform(k);
  return drawn < 0.2 ? 0 : Math.fround(2 * drawn - 1);
};

/** How the positions of a convolution lie on the map below: offsets in entries. */
interface Geometry {
  readonly below: number;
  readonly channels: number;
  readonly positions: number;
  readonly positionOffsets: Tensor;
  readonly taps: number;
  readonly tapOffsets: Tensor;
  readonly side: readonly [height: number, width: number];
}

function drawGeometry(scene: Scene, channels: number): Geometry {
  const kernel = choose(scene, 10, [1, 2, 3]);
  const stride = choose(scene, 11, [1, 2]);
  const [height, width] = [choose(scene, 12, [1, 2, 3]), choose(scene, 13, [1, 2, 4])];
  const widthBelow = (width - 1) * stride + kernel;
  const heightBelow = (height - 1) * stride + kernel;
  const offsets = (rows: number, columns: number, step: number) =>
    scene.integers({
      rows: 1,
      columns: rows * columns,
      draw: (_, k) => (Math.floor(k / columns) * step * widthBelow + (k % columns) * step) * channels,
    });
  return {
    below: heightBelow * widthBelow * channels,
    channels,
    positions: height * width,
    positionOffsets: offsets(height, width, stride),
    taps: kernel * kernel,
    tapOffsets: offsets(kernel, kernel, 1),
    side: [height, width],
  };
}

interface DrawnWindows {
  readonly windows: number;
  readonly area: number;
  readonly kind: number;
  readonly memory: Tensor | undefined;
  laid(laid: Laid): PoolingWindows;
}

/** Windows over the positions of a map; `remembers`: whether the memory is to be written, it is drawn otherwise. */
function drawWindows(
  scene: Scene,
  [height, width]: Geometry['side'],
  { rows, channels, remembers }: { rows: number; channels: number; remembers: boolean },
): DrawnWindows {
  const size = Math.min(height, width, choose(scene, 20, [1, 2]));
  const kind = choose(scene, 21, [word.MAX, word.AVERAGE, word.SOFT]);
  const [down, across] = [Math.floor(height / size), Math.floor(width / size)];
  const windows = down * across;
  const area = size * size;
  const position = (q: number, k: number) =>
    (Math.floor(q / across) * size + Math.floor(k / size)) * width + (q % across) * size + (k % size);
  const index = scene.integers({
    rows: 1,
    columns: windows * area,
    draw: (_, k) => position(Math.floor(k / area), k % area),
  });
  const covered = new Set(Array.from({ length: windows * area }, (_, k) => position(Math.floor(k / area), k % area)));
  const memory = (): Tensor | undefined => {
    if (kind === word.AVERAGE) return undefined;
    if (kind === word.MAX) {
      const columns = windows * channels;
      return scene.integers({
        rows,
        columns,
        stride: padded(columns),
        written: remembers ? columns : 0,
        draw: (stream, k) =>
          remembers ? 99 : position(Math.floor((k % columns) / channels), Math.floor(area * stream.uniform(k))),
      });
    }
    const columns = height * width * channels;
    const all = scene.rows({ rows, columns, written: remembers ? columns : 0 });
    // Positions that no window covers have no derivative to remember.
    return scene.replace(all, {
      ...all,
      isWritten: (at) => all.isWritten(at) && covered.has(Math.floor(((at - GUARD) % all.stride) / channels)),
    });
  };
  const remembered = memory();
  return {
    windows,
    area,
    kind,
    memory: remembered,
    laid: (laid) => ({
      kind,
      area,
      windows,
      index: laid.at(index),
      memory: rowsIfAny(laid, remembered),
      channels,
    }),
  };
}

/** The operands of the two operations that go back through windows and a convolution. */
function drawBackwards(scene: Scene, rows: number, channels: number, written: boolean) {
  const above = choose(scene, 1, [16, 48]);
  const geometry = drawGeometry(scene, channels);
  const windows = drawWindows(scene, geometry.side, { rows, channels: above, remembers: false });
  const a = scene.rows({ rows, columns: windows.windows * above, draw: holed });
  const entries = geometry.taps * channels;
  const weights = scene.rows({ rows: above, columns: entries, written: written ? entries : 0 });
  const operands = (laid: Laid) => ({
    a: laid.rows(a),
    windows: windows.laid(laid),
    positionOffsets: laid.at(geometry.positionOffsets),
    taps: geometry.taps,
    tapOffsets: laid.at(geometry.tapOffsets),
    channels,
    weights: laid.rows(weights),
  });
  return { geometry, above, windows, operands };
}

export const MAP_CASES: readonly OperationCase[] = [
  {
    name: 'place',
    kind: 'rows',
    draw(scene, { rows }) {
      const channels = choose(scene, 1, [1, 3, 16, 32]);
      const { below, positions, positionOffsets } = drawGeometry(scene, channels);
      const columns = positions * channels;
      const a = scene.rows({ rows, columns, stride: columns + choose(scene, 2, [0, 1, 16]) });
      const map = scene.rows({ rows, columns: below });
      const offsets = positionOffsets.values.subarray(GUARD, GUARD + positions);
      const out = scene.replace(map, {
        ...map,
        isWritten(at) {
          const entry = at - GUARD;
          if (entry < 0 || Math.floor(entry / map.stride) >= rows) return false;
          return offsets.some((offset) => {
            const channel = (entry % map.stride) - offset;
            return channel >= 0 && channel < channels;
          });
        },
      });
      return {
        program: (laid) => [place(laid.rows(a), positions, channels, laid.at(positionOffsets), laid.rows(out))],
        bound: { roundings: 0 },
      };
    },
  },
  {
    name: 'pick',
    kind: 'rows',
    draw(scene, { rows }) {
      const channels = choose(scene, 1, [16, 32]);
      const { below, positions, positionOffsets } = drawGeometry(scene, channels);
      const columns = positions * channels;
      const a = scene.rows({ rows, columns: below });
      const out = scene.rows({ rows, columns, written: columns });
      const init = drawInit(scene, out, rows, columns);
      return {
        program: (laid) => [
          pick(laid.rows(a), positions, channels, laid.at(positionOffsets), rowsIfAny(laid, init), laid.rows(out)),
        ],
        bound: { roundings: 1 },
      };
    },
  },
  {
    name: 'convolve',
    kind: 'rows',
    draw(scene, { rows }) {
      const channels = choose(scene, 1, [1, 3, 16]);
      const columns = choose(scene, 2, [16, 48, 80]);
      const { below, positions, positionOffsets, taps, tapOffsets } = drawGeometry(scene, channels);
      const a = scene.rows({ rows, columns: below, stride: below + choose(scene, 3, [0, 1, 16]) });
      const weights = scene.panels(taps * channels, columns);
      const out = scene.rows({ rows, columns: positions * columns, written: positions * columns });
      const init = drawInit(scene, out, rows, positions * columns);
      return {
        program: (laid) => [
          convolve({
            a: laid.rows(a),
            positions,
            positionOffsets: laid.at(positionOffsets),
            taps,
            tapOffsets: laid.at(tapOffsets),
            channels,
            weights: laid.at(weights),
            columns,
            init: rowsIfAny(laid, init),
            out: laid.rows(out),
          }),
        ],
        bound: { roundings: taps * channels + 4 },
      };
    },
  },
  {
    name: 'pool',
    kind: 'rows',
    draw(scene, { rows }) {
      const channels = choose(scene, 1, [16, 48]);
      const { side, positions } = drawGeometry(scene, channels);
      const windows = drawWindows(scene, side, { rows, channels, remembers: true });
      const a = scene.rows({ rows, columns: positions * channels });
      const columns = windows.windows * channels;
      const out = scene.rows({ rows, columns, written: columns });
      const init = drawInit(scene, out, rows, columns);
      return {
        program: (laid) => [pool(laid.rows(a), windows.laid(laid), rowsIfAny(laid, init), laid.rows(out))],
        bound: { roundings: 16, size: 2 },
      };
    },
  },
  {
    name: 'unconvolve',
    kind: 'rows',
    draw(scene, { rows }) {
      const { geometry, above, operands } = drawBackwards(scene, rows, choose(scene, 2, [16, 32]), false);
      const out = scene.rows({ rows, columns: geometry.below, written: geometry.below });
      return {
        program: (laid) => [unconvolve({ ...operands(laid), out: laid.rows(out) })],
        bound: { roundings: geometry.taps * above + 4 },
      };
    },
  },
  {
    name: 'convolveOuter',
    kind: 'batch',
    draw(scene, { rows }) {
      const { geometry, operands } = drawBackwards(scene, rows, choose(scene, 2, [1, 3, 16]), true);
      const below = scene.rows({
        rows,
        columns: geometry.below,
        stride: geometry.below + choose(scene, 3, [0, 1, 16]),
      });
      const factor = choose(scene, 4, [1, -0.3]);
      return {
        program: (laid) => [convolveOuter({ ...operands(laid), below: laid.rows(below), factor })],
        bound: { roundings: rows * geometry.positions + 8 },
      };
    },
  },
];
