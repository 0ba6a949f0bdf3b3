/**
 * One term of a contrast as a program, where states or the coefficient are complex:
 *
 *   weights   += Re[c · r_below ⊗ r_above] = Re r_below ⊗ Re(c r_above) − Im r_below ⊗ Im(c r_above)
 *   biases    += Σ Re(c r_above)
 */
import { parameterOf } from './carry.ts';
import { statesOf } from './complex-phase.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import { biasSum, convolutionProduct, denseOuter, type TermSlots } from './gradient-program.ts';
import { rowLists, takesLists } from './input-lists.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, listColumns, sparseOuter } from './operations.ts';
import type { Copy, Parameter } from './parameters.ts';
import type { Factors, Knob } from './program-store.ts';

export interface ComplexGradientShape {
  readonly term: TermSlots;
  /** Whether the slots of the term hold complex states. */
  readonly isBelowComplex: boolean;
  readonly isAboveComplex: boolean;
  readonly weights: 'feedforward' | 'feedback';
  readonly copy: Copy;
  readonly inputs: 'rows' | 'lists' | 'lists-by-sample';
}

/** Its knobs: Re c, −Im c and −Re c, first to third, scaled by parameter. */
export function complexGradientProgram(layout: Layout, shape: ComplexGradientShape) {
  const { connections, lastSettling, layers, lists, parameters, places } = layout;
  const { term, isBelowComplex, isAboveComplex, weights, copy } = shape;
  const operations: Operation[] = [];
  const knobs: Knob[] = [];
  /** x · Re r_above + y · Im r_above, which is left out where there is none. */
  const scaleAbove = (
    parameter: Parameter,
    layer: number,
    [x, y]: readonly [keyof Factors, keyof Factors],
    out: Rows,
  ) => {
    const { re, im } = statesOf(layout, term.above, layer);
    const operation = combineRows([1, re], isAboveComplex ? [1, im] : [0, undefined], out, places[layer].stride);
    const numbers = isAboveComplex ? [x, y] : [x];
    operations.push(operation);
    knobs.push({ operation, numbers, parameter: parameters.indexOf(parameter) });
  };
  if (shape.inputs === 'lists-by-sample' && weights === 'feedforward' && lists !== undefined) {
    operations.push(listColumns(rowLists(lists.bySample), places[0].units, rowLists(lists.byColumn)));
  }
  const factors = connections.flatMap((connection): ConnectionProducts[] => {
    const { from, to, aboveFactor, imaginaryFactor, feedsBack, feedsForward } = connection;
    if (!(weights === 'feedback' ? feedsBack : feedsForward) || to > lastSettling) return [];
    const parameter = parameterOf(connection, weights);
    scaleAbove(parameter, to, ['first', 'second'], aboveFactor);
    if (from === 0) return [{ connection, parameter, real: [layout.inputRows, aboveFactor], imaginary: undefined }];
    const { re, im } = statesOf(layout, term.below, from);
    const real = [re, aboveFactor] as const;
    if (!isBelowComplex || imaginaryFactor === undefined)
      return [{ connection, parameter, real, imaginary: undefined }];
    scaleAbove(parameter, to, ['second', 'third'], imaginaryFactor);
    return [{ connection, parameter, real, imaginary: [im, imaginaryFactor] }];
  });
  if (weights === 'feedforward') {
    for (let layer = 1; layer <= lastSettling; layer++) {
      scaleAbove(layers[layer].biases, layer, ['first', 'second'], layers[layer].drive);
    }
  }
  // Whatever reads states comes before whatever writes weights, so that lanes wait once.
  operations.push(...factors.flatMap((products) => productsOf(layout, shape, products)));
  if (weights === 'feedforward') {
    for (let layer = 1; layer <= lastSettling; layer++) operations.push(biasSum(layout, layer, copy));
  }
  return { operations, knobs };
}

type Product = readonly [below: Rows, above: Rows];

interface ConnectionProducts {
  readonly connection: ConnectionLayout;
  readonly parameter: Parameter;
  readonly real: Product;
  readonly imaginary: Product | undefined;
}

function productsOf(
  layout: Layout,
  { copy, inputs }: ComplexGradientShape,
  { connection, parameter, real, imaginary }: ConnectionProducts,
): readonly Operation[] {
  const { carrier, below, above } = connection;
  const target = copy(parameter).pointer;
  if (carrier.kind === 'convolution') {
    return [real, ...(imaginary === undefined ? [] : [imaginary])].flatMap(([lower, upper]) =>
      convolutionProduct(layout, connection, carrier, { lower, upper, target }),
    );
  }
  if (takesLists(connection) && layout.lists !== undefined && inputs !== 'rows') {
    return [sparseOuter(rowLists(layout.lists.byColumn), real[1], target, below.depth, above.stride)];
  }
  return [denseOuter(connection, parameter, target, real, imaginary)];
}
