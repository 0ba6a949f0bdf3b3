/**
 * One or two terms of a contrast as a program.
 *
 *   weights   += c₁ r_below ⊗ r_above |₁ + c₂ r_below ⊗ r_above |₂,   biases += Σ (c₁ r_above |₁ + c₂ r_above |₂)
 *
 * With opposite factors c and −c the states of two phases are nearly equal, and products of single states would lose what
 * is left of their difference. So differences, which are exact, come first:
 *
 *   c (b₁ ⊗ a₁ − b₂ ⊗ a₂) = c (b₁ − b₂) ⊗ a₁ + b₂ ⊗ c (a₁ − a₂)
 *
 * r is what units show; the factor above is the prediction's error where states are predicted.
 */
import { borderedMap, carryUp, parameterOf, windowsOf } from './carry.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import type { ConvolutionLayout } from './convolution-layout.ts';
import { rowLists, takesLists } from './input-lists.ts';
import type { Layout } from './layout.ts';
import { convolveOuter } from './map-operations.ts';
import type { Operation, Pointer, Rows } from './operation.ts';
import { columnSum, combineRows, listColumns, outer, sparseOuter } from './operations.ts';
import type { Copy, Parameter } from './parameters.ts';
import { predictionError } from './phase-program.ts';
import type { Compiled, Knob } from './program-store.ts';
import { panelShape } from './storage.ts';

/** Slots of the factors below and above. */
export interface TermSlots {
  readonly below: number;
  readonly above: number;
}

export interface GradientShape {
  readonly first: TermSlots;
  /** Undefined: one term only. */
  readonly second: TermSlots | undefined;
  /** Whether the second factor is minus the first. */
  readonly isDifference: boolean;
  readonly weights: 'feedforward' | 'feedback';
  /** Where it goes. */
  readonly copy: Copy;
  /** Whether the batch's inputs are there as lists, and whether they are still to be listed by column. */
  readonly inputs: 'rows' | 'lists' | 'lists-by-sample';
}

/** Its knobs: the coefficients of the two terms, scaled by parameter. */
export function gradientProgram(
  layout: Layout,
  shape: GradientShape,
): Omit<Compiled, 'split' | 'sections'> & { readonly operations: readonly Operation[] } {
  const { layers, connections, lastSettling, lists } = layout;
  const { copy, weights } = shape;
  const operations: Operation[] = [];
  const knobs: Knob[] = [];
  const scale: Scale = (parameter, numbers, operation) => {
    operations.push(operation);
    knobs.push({ operation, numbers, parameter: layout.parameters.indexOf(parameter) });
  };
  if (shape.inputs === 'lists-by-sample' && weights === 'feedforward' && lists !== undefined) {
    operations.push(listColumns(rowLists(lists.bySample), layout.places[0].units, rowLists(lists.byColumn)));
  }
  const above = factorsAbove(layout, shape);
  operations.push(...above.operations);
  const factors = connections.flatMap((connection): ConnectionFactors[] => {
    const leads = weights === 'feedback' ? connection.feedsBack : connection.feedsForward;
    if (!leads || connection.to > lastSettling) return [];
    return [
      { layout, shape, connection, above: above.of(connection.to), parameter: parameterOf(connection, weights), scale },
    ];
  });
  // Everything that reads states before everything that writes weights, so that lanes wait once.
  const writes = factors.map((each) => (each.connection.carrier.kind === 'dense' ? denseFactors(each) : undefined));
  if (weights === 'feedforward') {
    for (let layer = 1; layer <= lastSettling; layer++) {
      const { biases, drive, place } = layers[layer];
      const [first, second] = above.of(layer);
      scale(biases, second === undefined ? ['first'] : ['first', 'second'], mixed(first, second, drive, place.stride));
    }
  }
  for (const write of writes) if (write !== undefined) operations.push(write);
  if (weights === 'feedforward') {
    for (let layer = 1; layer <= lastSettling; layer++) operations.push(biasSum(layout, layer, copy));
  }
  for (const each of factors) {
    const { carrier } = each.connection;
    if (carrier.kind === 'convolution') addConvolution(each, carrier, operations);
  }
  return { operations, knobs };
}

/** Adds the sums of a layer's `drive`, which holds the factors of biases, to them or to sums that are still to be added up. */
export function biasSum({ layers }: Layout, layer: number, copy: Copy): Operation {
  const { biases, biasSums, drive, place } = layers[layer];
  return columnSum(1, drive, biasSums?.pointer ?? copy(biases).pointer, place.stride);
}

/** Adds an operation with coefficients to be written into it. */
type Scale = (parameter: Parameter, numbers: Knob['numbers'], operation: Operation) => void;

type Pair = readonly [first: Rows, second: Rows | undefined];

interface ConnectionFactors {
  readonly layout: Layout;
  readonly shape: GradientShape;
  readonly connection: ConnectionLayout;
  readonly above: Pair;
  readonly parameter: Parameter;
  readonly scale: Scale;
}

/** x · first + y · second, x and y still to be written. */
function mixed(first: Rows, second: Rows | undefined, out: Rows, columns: number): Operation {
  return combineRows([1, first], second === undefined ? [0, undefined] : [1, second], out, columns);
}

function factorsAbove(layout: Layout, { first, second }: GradientShape) {
  const { layers, lastSettling, network } = layout;
  if (network.dynamics.kind !== 'prediction-error') {
    const shownIn = (slot: number, layer: number) => layers[layer].shown[slot];
    const of = (layer: number): Pair => [
      shownIn(first.above, layer),
      second === undefined ? undefined : shownIn(second.above, layer),
    ];
    return { operations: [], of };
  }
  const operations: Operation[] = [];
  const slots = second === undefined ? [first.above] : [first.above, second.above];
  slots.forEach((slot, k) => {
    for (let layer = 1; layer <= lastSettling; layer++) {
      operations.push(...predictionError(layout, slot, layer, layers[layer].errors[k]));
    }
  });
  const of = (layer: number): Pair => [
    layers[layer].errors[0],
    second === undefined ? undefined : layers[layer].errors[1],
  ];
  return { operations, of };
}

function factorsBelow({ layout, shape: { first, second }, connection: { from } }: ConnectionFactors): Pair {
  const shownIn = (slot: number) => (from === 0 ? layout.inputRows : layout.layers[from].shown[slot]);
  return [shownIn(first.below), second === undefined ? undefined : shownIn(second.below)];
}

/** Scales the factors and returns the product of them. */
function denseFactors(factors: ConnectionFactors): Operation {
  const { layout, shape, connection, above, parameter, scale } = factors;
  const { belowFactor, aboveFactor } = connection;
  const [a1, a2] = above;
  const [b1, b2] = factorsBelow(factors);
  const target = shape.copy(parameter).pointer;
  const columnsAbove = connection.above.stride;
  const isSameBelow = connection.from === 0 || shape.first.below === shape.second?.below;
  if (a2 === undefined || b2 === undefined || isSameBelow || belowFactor === undefined) {
    scale(parameter, a2 === undefined ? ['first'] : ['first', 'second'], mixed(a1, a2, aboveFactor, columnsAbove));
    if (takesLists(connection) && layout.lists !== undefined && shape.inputs !== 'rows') {
      const { depth } = connection.below;
      return sparseOuter(rowLists(layout.lists.byColumn), aboveFactor, target, depth, columnsAbove);
    }
    return denseOuter(connection, parameter, target, [b1, aboveFactor], undefined);
  }
  const columnsBelow = connection.below.stride;
  if (shape.isDifference) {
    scale(parameter, ['first', 'second'], mixed(b1, b2, belowFactor, columnsBelow));
    scale(parameter, ['first', 'second'], mixed(a1, a2, aboveFactor, columnsAbove));
    return denseOuter(connection, parameter, target, [belowFactor, a1], [b2, aboveFactor]);
  }
  scale(parameter, ['first'], mixed(a1, undefined, aboveFactor, columnsAbove));
  scale(parameter, ['second'], mixed(b2, undefined, belowFactor, columnsBelow));
  return denseOuter(connection, parameter, target, [b1, aboveFactor], [belowFactor, a2]);
}

type Product = readonly [below: Rows, above: Rows];

export function denseOuter(
  { below, above }: ConnectionLayout,
  { storage }: Parameter,
  target: Pointer,
  first: Product,
  second: Product | undefined,
): Operation {
  if (storage.kind !== 'panels') throw new Error('these weights are not those of a dense connection');
  const { arrangement } = storage;
  const ordered = ([lower, upper]: Product) =>
    arrangement === 'by-above' ? ([lower, upper] as const) : ([upper, lower] as const);
  const { depth, columns } = panelShape(arrangement, below, above);
  return outer(ordered(first), second === undefined ? [undefined, undefined] : ordered(second), target, depth, columns);
}

/** Products of a convolution, which see one map below at a time. */
function addConvolution(factors: ConnectionFactors, carrier: ConvolutionLayout, operations: Operation[]): void {
  const { layout, shape, connection, above, parameter, scale } = factors;
  const { belowFactor, aboveFactor, from } = connection;
  const [a1, a2] = above;
  const [b1, b2] = factorsBelow(factors);
  const target = shape.copy(parameter).pointer;
  const addProduct = (lower: Rows, upper: Rows) => {
    operations.push(...convolutionProduct(layout, connection, carrier, { lower, upper, target }));
  };
  /** Lets the pooling see a map below. */
  const show = (lower: Rows) => {
    if (!carrier.remembers || from === 0) return;
    const out = layout.layers[connection.to].drive;
    operations.push(...carryUp(layout, connection, { given: lower, init: undefined, out }));
  };
  const columnsAbove = connection.above.stride;
  const isSameBelow = from === 0 || shape.first.below === shape.second?.below;
  if (a2 === undefined || b2 === undefined || isSameBelow || belowFactor === undefined) {
    scale(parameter, a2 === undefined ? ['first'] : ['first', 'second'], mixed(a1, a2, aboveFactor, columnsAbove));
    show(b1);
    addProduct(b1, aboveFactor);
    return;
  }
  if (carrier.remembers || !shape.isDifference) {
    // What a pooling lets through depends on the map below, so that differences do not come apart.
    scale(parameter, ['first'], mixed(a1, undefined, aboveFactor, columnsAbove));
    show(b1);
    addProduct(b1, aboveFactor);
    scale(parameter, ['second'], mixed(a2, undefined, aboveFactor, columnsAbove));
    show(b2);
    addProduct(b2, aboveFactor);
    return;
  }
  scale(parameter, ['first', 'second'], mixed(b1, b2, belowFactor, connection.below.stride));
  scale(parameter, ['first', 'second'], mixed(a1, a2, aboveFactor, columnsAbove));
  addProduct(belowFactor, a1);
  addProduct(b2, aboveFactor);
}

/** Adds the product of a map below and what takes the place of the layer above to a convolution's weights. */
export function convolutionProduct(
  layout: Layout,
  connection: ConnectionLayout,
  carrier: ConvolutionLayout,
  { lower, upper, target }: { readonly lower: Rows; readonly upper: Rows; readonly target: Pointer },
): Operation[] {
  // The input is in its border, and its pooling remembers it, since the batch was clamped.
  const isThere = connection.from === 0;
  const { source, operations } = borderedMap(layout, connection, carrier, isThere ? layout.inputs : lower);
  const addition = convolveOuter({
    a: upper,
    below: source,
    factor: 1,
    windows: windowsOf(connection, carrier),
    positionOffsets: carrier.positionOffsets.pointer,
    taps: carrier.taps,
    tapOffsets: carrier.tapOffsets.pointer,
    channels: carrier.channels,
    weights: { pointer: target, stride: carrier.rowStride },
  });
  return isThere ? [addition] : [...operations, addition];
}
