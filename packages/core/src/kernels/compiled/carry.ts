/**
 * What one connection carries from the layer at one end to the drive of the layer at the other, as operations.
 *
 *   out = init + gain ⊙ (what the connection makes of `given`)
 */
import type { ConnectionLayout, DenseLayout } from './connection-layout.ts';
import type { ConvolutionLayout } from './convolution-layout.ts';
import type { Layout } from './layout.ts';
import { convolve, type PoolingWindows, pick, place, pool, unconvolve } from './map-operations.ts';
import type { Operation, Pointer, Rows } from './operation.ts';
import { copyRows, fillRows, product, scaleColumns, thinProduct } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { isThin } from './places.ts';
import { type Arrangement, panelShape } from './storage.ts';

export interface Carried {
  readonly given: Rows;
  /** Undefined: zeros. */
  readonly init: Rows | undefined;
  readonly out: Rows;
  /** One number per entry of `out`; undefined: ones. */
  readonly gain?: Pointer | undefined;
  /** Which set of weights; `feedforward` upwards and what comes down in phases downwards, if nothing is said. */
  readonly weights?: 'feedforward' | 'feedback';
}

/** Upwards. */
export function carryUp(layout: Layout, connection: ConnectionLayout, carried: Carried): Operation[] {
  const set = carried.weights ?? 'feedforward';
  const { carrier } = connection;
  if (carrier.kind === 'dense') return [denseProduct(connection, carrier, set, 'up', carried)];
  const { given, init, out, gain } = carried;
  const panels = set === 'feedforward' ? carrier.panels : carrier.feedbackPanels;
  if (panels === undefined) throw new Error('this set of weights has no panels');
  const { source, operations } = borderedMap(layout, connection, carrier, given);
  const convolveInto = (to: Rows, from: Rows | undefined) =>
    convolve({
      a: source,
      positions: carrier.positions,
      positionOffsets: carrier.positionOffsets.pointer,
      taps: carrier.taps,
      tapOffsets: carrier.tapOffsets.pointer,
      channels: carrier.channels,
      weights: panels.pointer,
      columns: connection.above.channelStride,
      init: from,
      out: to,
    });
  const { convolved } = carrier;
  const partial = gain === undefined ? undefined : partialOf(layout, connection.to);
  const target = partial ?? out;
  const start = partial === undefined ? init : undefined;
  if (convolved === undefined) operations.push(convolveInto(target, start));
  else {
    operations.push(convolveInto(convolved, undefined));
    operations.push(pool(convolved, windowsOf(connection, carrier), start, target));
  }
  if (partial !== undefined && gain !== undefined) {
    operations.push(scaleColumns(partial, gain, init, out, connection.above.stride));
  }
  return operations;
}

/** Downwards. Behind a pooling whose derivative depends on what it saw, it is that of the last time it went up. */
export function carryDown(layout: Layout, connection: ConnectionLayout, carried: Carried): Operation[] {
  const set = carried.weights ?? (connection.feedback === undefined ? 'feedforward' : 'feedback');
  const { carrier, below } = connection;
  if (carrier.kind === 'dense') return [denseProduct(connection, carrier, set, 'down', carried)];
  const { given, init, out, gain } = carried;
  const unconvolveInto = (to: Rows) =>
    unconvolve({
      a: given,
      windows: windowsOf(connection, carrier),
      positionOffsets: carrier.positionOffsets.pointer,
      taps: carrier.taps,
      tapOffsets: carrier.tapOffsets.pointer,
      channels: carrier.channels,
      weights: { pointer: parameterOf(connection, set).pointer, stride: carrier.rowStride },
      out: to,
    });
  const partial = gain === undefined ? undefined : partialOf(layout, connection.from);
  const target = partial ?? out;
  const start = partial === undefined ? init : undefined;
  const operations: Operation[] = [];
  if (carrier.back === undefined) {
    if (start === undefined) operations.push(fillRows(target, below.stride, 0));
    else if (start.pointer !== target.pointer) operations.push(copyRows(start, target, below.stride));
    operations.push(unconvolveInto(target));
  } else {
    const { back, insidePositions, insideOffsets } = carrier;
    operations.push(fillRows(back, back.stride, 0), unconvolveInto(back));
    operations.push(pick(back, insidePositions, carrier.channels, insideOffsets.pointer, start, target));
  }
  if (partial !== undefined && gain !== undefined) {
    operations.push(scaleColumns(partial, gain, init, out, below.stride));
  }
  return operations;
}

/** The map below as a kernel meets it, and what makes it: the map itself where it needs no border. */
export function borderedMap(
  layout: Layout,
  { from }: ConnectionLayout,
  carrier: ConvolutionLayout,
  given: Rows,
): { readonly source: Rows; readonly operations: Operation[] } {
  const { bordered, insidePositions, insideOffsets, channels } = carrier;
  if (bordered === undefined) return { source: given, operations: [] };
  if (from > 0) {
    return { source: bordered, operations: [place(given, insidePositions, channels, insideOffsets.pointer, bordered)] };
  }
  // The input lies plane by plane.
  const operations = Array.from({ length: channels }, (_, channel) => {
    const plane = given.pointer + channel * insidePositions * layout.elementBytes;
    const into = bordered.pointer + channel * layout.elementBytes;
    return place({ pointer: plane, stride: given.stride }, insidePositions, 1, insideOffsets.pointer, {
      pointer: into,
      stride: bordered.stride,
    });
  });
  return { source: bordered, operations };
}

export function windowsOf({ above }: ConnectionLayout, { pooling }: ConvolutionLayout): PoolingWindows {
  return { ...pooling, index: pooling.index.pointer, channels: above.channelStride };
}

export function parameterOf({ weights, feedback }: ConnectionLayout, set: 'feedforward' | 'feedback'): Parameter {
  const parameter = set === 'feedforward' ? weights : feedback;
  if (parameter === undefined) throw new RangeError('feedback through the same weights has no weights of its own');
  return parameter;
}

function partialOf({ layers }: Layout, layer: number): Rows {
  const { partial } = layers[layer];
  if (partial === undefined) throw new Error(`layer ${layer} has no room for a part of its drive`);
  return partial;
}

function denseProduct(
  connection: ConnectionLayout,
  carrier: DenseLayout,
  set: 'feedforward' | 'feedback',
  way: 'up' | 'down',
  { given, init, out, gain }: Carried,
): Operation {
  const { below, above } = connection;
  const { storage, pointer } = parameterOf(connection, set);
  if (storage.kind !== 'panels') throw new Error('a connection carries nothing this way');
  const wanted: Arrangement = way === 'up' ? 'by-above' : 'by-below';
  const operands = { a: given, init, out, gain };
  if (storage.arrangement === wanted) {
    return product({ ...operands, weights: pointer, ...panelShape(wanted, below, above) });
  }
  if (isThin(way === 'up' ? above : below)) {
    return thinProduct({ ...operands, weights: pointer, ...panelShape(storage.arrangement, below, above) });
  }
  const copy =
    (set === 'feedforward' ? carrier.weightsCopy : undefined) ??
    carrier.correctionCopies[set === 'feedforward' ? 'weights' : 'feedback'];
  if (copy === undefined) throw new Error(`nothing was laid out for weights that are read ${way}wards`);
  return product({ ...operands, weights: copy.pointer, ...panelShape(wanted, below, above) });
}
