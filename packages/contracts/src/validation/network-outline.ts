/**
 * The shapes of a network's layers and the sizes of its connections, as far as a body lets them be known, and every place
 * where shapes do not fit. A test in apps/worker holds this to core's own inference.
 */
import type { Fault } from '../problem.ts';
import { isObject } from '../schema/union-branch.ts';
import { countAt, listAt, textAt, valueAt } from './body-reader.ts';

export type LayerShape = readonly [channels: number, height: number, width: number];

export interface OutlinedConnection {
  readonly from: number;
  readonly to: number;
  /** Entries of its weights; undefined where a shape is unknown. */
  readonly weights: number | undefined;
  /** Entries of the planes that a convolution goes through: padded below, and above before a pooling. */
  readonly planes: number;
}

export interface NetworkOutline {
  /** Input first; undefined where a layer cannot be. */
  readonly shapes: readonly (LayerShape | undefined)[];
  /** In their order: by `to`, then by `from`. */
  readonly connections: readonly OutlinedConnection[];
  readonly faults: readonly Fault[];
}

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly pooling: number;
}

export function unitsOf([channels, height, width]: LayerShape): number {
  return channels * height * width;
}

/** `network`: the section of a body. Undefined when it does not even have a list of two layers. */
export function outlineNetwork(network: unknown): NetworkOutline | undefined {
  const layers = listAt(network, 'layers');
  if (layers === undefined || layers.length < 2) return undefined;
  const faults: Fault[] = [];
  const shapes: (LayerShape | undefined)[] = [];
  const connections: OutlinedConnection[] = [];
  layers.forEach((layer, number) => {
    const below = shapes[number - 1];
    const fault = (code: string, detail: string) =>
      void faults.push({ pointer: `/network/layers/${number}`, code, detail });
    const shape = number === 0 ? inputShape(layer, fault) : shapeAbove(layer, below, fault);
    shapes.push(shape);
    if (number > 0) {
      const planes = planesOf(isObject(layer) ? windowOf(layer) : undefined, below, shape);
      connections.push({ from: number - 1, to: number, weights: weightsOf(layer, below, shape), planes });
    }
  });
  faults.push(...readoutFaults(network, layers));
  connections.push(...outlineSkips(network, shapes, faults));
  return { shapes, connections: connections.toSorted((a, b) => a.to - b.to || a.from - b.from), faults };
}

type Report = (code: string, detail: string) => void;

function inputShape(layer: unknown, fault: Report): LayerShape | undefined {
  if (isObject(layer)) fault('layer_form', 'the first layer is a number of features or [channels, height, width]');
  if (!Array.isArray(layer)) return denseShape(layer);
  const [channels, height, width] = [0, 1, 2].map((at) => countAt(1, layer, at));
  const isWhole = channels !== undefined && height !== undefined && width !== undefined && layer.length === 3;
  return isWhole ? [channels, height, width] : undefined;
}

function shapeAbove(layer: unknown, below: LayerShape | undefined, fault: Report): LayerShape | undefined {
  if (Array.isArray(layer)) fault('layer_form', 'only the first layer is given as [channels, height, width]');
  if (!isObject(layer)) return denseShape(layer);
  const channels = countAt(1, layer, 'channels');
  const window = windowOf(layer);
  if (channels === undefined || window === undefined || below === undefined) return undefined;
  const shape = convolvedShape(below, channels, window);
  if (shape === undefined) fault('layer_left_empty', emptied(window, below));
  return shape;
}

function denseShape(layer: unknown): LayerShape | undefined {
  const units = countAt(1, [layer], 0);
  return units === undefined ? undefined : [units, 1, 1];
}

function windowOf(fields: unknown): Window | undefined {
  const kernel = countAt(1, fields, 'kernel');
  const stride = countAt(1, fields, 'stride');
  const padding = countAt(0, fields, 'padding');
  const pooling = isObject(valueAt(fields, 'pooling')) ? countAt(1, fields, 'pooling', 'size') : 1;
  if (kernel === undefined || stride === undefined || padding === undefined || pooling === undefined) return undefined;
  return { kernel, stride, padding, pooling };
}

/** Undefined when nothing is left. */
function convolvedShape([, height, width]: LayerShape, channels: number, window: Window): LayerShape | undefined {
  const { kernel, stride, padding, pooling } = window;
  const side = (length: number) => Math.floor((Math.floor((length + 2 * padding - kernel) / stride) + 1) / pooling);
  return side(height) >= 1 && side(width) >= 1 ? [channels, side(height), side(width)] : undefined;
}

function planesOf(window: Window | undefined, below: LayerShape | undefined, above: LayerShape | undefined): number {
  if (window === undefined || below === undefined || above === undefined) return 0;
  const [channels, ...sides] = below;
  const padded = sides.map((length) => length + 2 * window.padding);
  const convolved = padded.map((length) => Math.floor((length - window.kernel) / window.stride) + 1);
  const area = (lengths: readonly number[]) => lengths.reduce((product, length) => product * length, 1);
  return channels * area(padded) + above[0] * area(convolved);
}

function emptied({ kernel, pooling }: Window, [, height, width]: LayerShape): string {
  const pooled = pooling === 1 ? '' : ` and a pooling of ${pooling}`;
  return `a kernel of ${kernel}${pooled} leaves nothing of ${height} x ${width}`;
}

function weightsOf(layer: unknown, below: LayerShape | undefined, above: LayerShape | undefined): number | undefined {
  if (below === undefined || above === undefined) return undefined;
  const kernel = isObject(layer) ? countAt(1, layer, 'kernel') : undefined;
  return kernel === undefined ? unitsOf(below) * unitsOf(above) : above[0] * below[0] * kernel ** 2;
}

function outlineSkips(
  network: unknown,
  shapes: readonly (LayerShape | undefined)[],
  faults: Fault[],
): OutlinedConnection[] {
  const joined = new Set(shapes.slice(1).map((_, number) => `${number}-${number + 1}`));
  return (listAt(network, 'skips') ?? []).map((skip, number) => {
    const fault = (code: string, detail: string) =>
      void faults.push({ pointer: `/network/skips/${number}`, code, detail });
    const from = countAt(0, skip, 'from');
    const to = countAt(0, skip, 'to');
    const unknown = { from: from ?? 0, to: to ?? 0, weights: undefined, planes: 0 };
    if (from === undefined || to === undefined) return unknown;
    if (from >= to || to >= shapes.length) {
      fault('skip_leads_nowhere', `no skip leads from layer ${from} to layer ${to} of ${shapes.length}`);
      return unknown;
    }
    if (joined.has(`${from}-${to}`)) fault('connection_repeated', `layers ${from} and ${to} are joined already`);
    joined.add(`${from}-${to}`);
    if (to === shapes.length - 1 && textAt(network, 'readout') === 'softmax-cross-entropy') {
      fault('readout_takes_no_skips', 'a softmax read-out reads the layer below it only');
    }
    const window = valueAt(skip, 'kernel') === 0 ? undefined : windowOf(skip);
    const planes = planesOf(window, shapes[from], shapes[to]);
    return { from, to, weights: weightsOfSkip(skip, from, to, shapes, fault), planes };
  });
}

function weightsOfSkip(
  skip: unknown,
  from: number,
  to: number,
  shapes: readonly (LayerShape | undefined)[],
  fault: Report,
): number | undefined {
  const [below, above] = [shapes[from], shapes[to]];
  if (below === undefined || above === undefined) return undefined;
  if (valueAt(skip, 'kernel') === 0) return unitsOf(below) * unitsOf(above);
  const window = windowOf(skip);
  if (window === undefined) return undefined;
  const given = convolvedShape(below, above[0], window);
  if (given === undefined) fault('layer_left_empty', emptied(window, below));
  else if (given.join() !== above.join()) {
    fault('shape_mismatch', `the skip gives [${given.join(', ')}], layer ${to} is [${above.join(', ')}]`);
  }
  return above[0] * below[0] * window.kernel ** 2;
}

function readoutFaults(network: unknown, layers: readonly unknown[]): Fault[] {
  if (textAt(network, 'readout') !== 'softmax-cross-entropy') return [];
  if (layers.length < 3) {
    const detail = 'a softmax read-out needs a hidden layer below it';
    return [{ pointer: '/network/layers', code: 'readout_needs_hidden_layer', detail }];
  }
  if (!isObject(layers.at(-1))) return [];
  const detail = 'a softmax read-out is dense: the last layer is a number';
  return [{ pointer: `/network/layers/${layers.length - 1}`, code: 'readout_not_dense', detail }];
}
