/** Tests of the operations on rows, panels and lists. */
import {
  columnSum,
  combineRows,
  copyRows,
  fillRows,
  listColumns,
  listSamples,
  outer,
  pack,
  product,
  scaleColumns,
  sparseOuter,
  sparseProduct,
  thinProduct,
  transpose,
} from '../operations.ts';
import {
  atIfAny,
  choose,
  drawGain,
  drawInit,
  type OperationCase,
  rowsIfAny,
  transposedLists,
} from './operation-case.ts';
import { GUARD } from './scene.ts';

const EXACT = { roundings: 0 };

/** Many zeros, with either sign. */
const holed = (stream: { uniform(k: number): number }, k: number): number => {
  const drawn = stream.uniform(k);
  return drawn < 0.3 ? 0 : drawn < 0.4 ? -0 : Math.fround(2 * drawn - 1);
};

export const DENSE_CASES: readonly OperationCase[] = [
  {
    name: 'copyRows',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const a = choose(scene, 1, [scene.rows({ rows, columns }), scene.rows({ rows, columns, stride: 0 })]);
      const out = scene.rows({ rows, columns, written: columns });
      return { program: (laid) => [copyRows(laid.rows(a), laid.rows(out), columns)], bound: EXACT };
    },
  },
  {
    name: 'fillRows',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const out = scene.rows({ rows, columns, written: columns });
      const value = choose(scene, 1, [0, 0.25, -3]);
      return { program: (laid) => [fillRows(laid.rows(out), columns, value)], bound: EXACT };
    },
  },
  {
    name: 'combineRows',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const out = scene.rows({ rows, columns, written: columns });
      const a = choose(scene, 1, [scene.rows({ rows, columns }), out]);
      const b = choose(scene, 2, [scene.rows({ rows, columns }), out, undefined]);
      const [x, y] = [choose(scene, 3, [1, -0.75, 0, 0.1]), choose(scene, 4, [1, -1, 0.3])];
      return {
        program: (laid) => [
          combineRows([x, laid.rows(a)], b === undefined ? [0, undefined] : [y, laid.rows(b)], laid.rows(out), columns),
        ],
        bound: { roundings: 4 },
      };
    },
  },
  {
    name: 'product',
    kind: 'rows',
    draw(scene, { rows, columns, depth }) {
      const a = scene.rows({ rows, columns: depth });
      const weights = scene.panels(depth, columns);
      const out = scene.rows({ rows, columns, written: columns });
      const init = drawInit(scene, out, rows, columns);
      const gain = drawGain(scene, columns);
      return {
        program: (laid) => [
          product({
            a: laid.rows(a),
            weights: laid.at(weights),
            depth,
            columns,
            init: rowsIfAny(laid, init),
            gain: atIfAny(laid, gain),
            out: laid.rows(out),
          }),
        ],
        bound: { roundings: depth + 4 },
      };
    },
  },
  {
    name: 'thinProduct',
    kind: 'rows',
    draw(scene, { rows, columns, thin }) {
      const a = scene.rows({ rows, columns });
      const weights = scene.panels(thin, columns);
      const out = scene.rows({ rows, columns: 16, written: 16 });
      const init = drawInit(scene, out, rows, 16);
      const gain = drawGain(scene, 16);
      return {
        program: (laid) => [
          thinProduct({
            a: laid.rows(a),
            weights: laid.at(weights),
            depth: thin,
            columns,
            init: rowsIfAny(laid, init),
            gain: atIfAny(laid, gain),
            out: laid.rows(out),
          }),
        ],
        bound: { roundings: columns + 4 },
      };
    },
  },
  {
    name: 'scaleColumns',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const a = scene.rows({ rows, columns });
      const gain = scene.vector(columns);
      const out = scene.rows({ rows, columns, written: columns });
      const init = drawInit(scene, out, rows, columns);
      return {
        program: (laid) => [scaleColumns(laid.rows(a), laid.at(gain), rowsIfAny(laid, init), laid.rows(out), columns)],
        bound: { roundings: 3 },
      };
    },
  },
  {
    name: 'outer',
    kind: 'batch',
    draw(scene, { rows, columns, depth }) {
      const pair = () => [scene.rows({ rows, columns: depth }), scene.rows({ rows, columns })] as const;
      const first = pair();
      const second = choose(scene, 1, [pair(), undefined]);
      const weights = scene.panels(depth, columns, true);
      return {
        program: (laid) => [
          outer(
            [laid.rows(first[0]), laid.rows(first[1])],
            second === undefined ? [undefined, undefined] : [laid.rows(second[0]), laid.rows(second[1])],
            laid.at(weights),
            depth,
            columns,
          ),
        ],
        bound: { roundings: 2 * rows + 4 },
      };
    },
  },
  {
    name: 'columnSum',
    kind: 'batch',
    draw(scene, { rows, columns }) {
      const a = scene.rows({ rows, columns });
      const sums = scene.vector(columns, { written: columns });
      const x = choose(scene, 1, [1, -0.1]);
      return {
        program: (laid) => [columnSum(x, laid.rows(a), laid.at(sums), columns)],
        bound: { roundings: rows + 4 },
      };
    },
  },
  {
    name: 'transpose',
    kind: 'batch',
    draw(scene, { columns, depth, thin }) {
      const above = choose(scene, 1, [columns, columns - 5, thin]);
      const weights = scene.panels(depth, above);
      const out = scene.panels(above, depth, true);
      return { program: (laid) => [transpose(laid.at(weights), depth, above, laid.at(out))], bound: EXACT };
    },
  },
  {
    name: 'pack',
    kind: 'batch',
    draw(scene, { columns, depth, thin }) {
      const above = choose(scene, 1, [columns, columns - 5, thin]);
      const a = scene.rows({ rows: above, columns: depth });
      const panels = scene.panels(depth, above, true);
      return { program: (laid) => [pack(laid.rows(a), depth, above, laid.at(panels))], bound: EXACT };
    },
  },
  {
    name: 'listSamples',
    kind: 'lists',
    draw(scene, { rows, depth }) {
      const stride = depth + choose(scene, 1, [0, 1, 3, 16]);
      const a = scene.rows({ rows, columns: depth, stride, draw: holed });
      const entries = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: depth }, (_, c) => c).filter((c) => a.values[GUARD + r * stride + c] !== 0),
      );
      const lists = scene.emptyLists(entries, depth);
      return { program: (laid) => [listSamples(laid.rows(a), depth, laid.lists(lists))], bound: EXACT };
    },
  },
  {
    name: 'listColumns',
    kind: 'batch',
    draw(scene, { rows, depth }) {
      const lists = scene.lists(rows, depth);
      const byColumn = scene.emptyLists(transposedLists(lists, depth, GUARD), rows);
      return { program: (laid) => [listColumns(laid.lists(lists), depth, laid.lists(byColumn))], bound: EXACT };
    },
  },
  {
    name: 'sparseProduct',
    kind: 'rows',
    draw(scene, { rows, columns, depth }) {
      const lists = scene.lists(rows, depth);
      const weights = scene.panels(depth, columns);
      const out = scene.rows({ rows, columns, written: columns });
      const init = drawInit(scene, out, rows, columns);
      return {
        program: (laid) => [
          sparseProduct({
            lists: laid.lists(lists),
            weights: laid.at(weights),
            depth,
            columns,
            init: rowsIfAny(laid, init),
            out: laid.rows(out),
          }),
        ],
        bound: { roundings: depth + 4 },
      };
    },
  },
  {
    name: 'sparseOuter',
    kind: 'batch',
    draw(scene, { rows, columns, depth }) {
      const byColumn = scene.lists(depth, rows);
      const a = scene.rows({ rows, columns });
      const weights = scene.panels(depth, columns, true);
      return {
        program: (laid) => [sparseOuter(laid.lists(byColumn), laid.rows(a), laid.at(weights), depth, columns)],
        bound: { roundings: rows + 4 },
      };
    },
  },
];
