/** A network as a method describes it, and the layers and connections that follow from it. */
import type { ActivationName } from '../activations/catalogue.ts';
import {
  type Connection,
  convolvedShape,
  type LayerShape,
  type NetworkDescription,
  type Pooling,
} from '../kernels/network.ts';

/** All of a network but the rule by which it moves. */
export type NetworkStructure = Omit<NetworkDescription, 'dynamics'>;

/** A layer above the input: so many dense units, or a convolution of the layer below. */
export type LayerSettings =
  | number
  | {
      readonly channels: number;
      readonly kernelSize: number;
      readonly stride: number;
      readonly padding: number;
      readonly pooling: Pooling | null;
    };

/** A further connection, over the heads of layers: a convolution without pooling, or dense where `kernelSize` is 0. */
export interface SkipSettings {
  readonly from: number;
  readonly to: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
}

export interface NetworkSettings {
  readonly input: LayerShape;
  readonly layers: readonly LayerSettings[];
  readonly skips: readonly SkipSettings[];
  readonly activation: ActivationName;
  readonly outputActivation: ActivationName;
  readonly readout: NetworkDescription['readout'];
  readonly feedback: NetworkDescription['feedback'];
}

/** Throws RangeError, naming the layer, where shapes do not fit. */
export function networkStructure(settings: NetworkSettings): NetworkStructure {
  const shapes: LayerShape[] = [settings.input];
  const connections: Connection[] = [];
  settings.layers.forEach((layer, k) => {
    const from = k;
    const to = k + 1;
    if (typeof layer === 'number') {
      shapes.push([layer, 1, 1]);
      connections.push({ kind: 'dense', from, to });
      return;
    }
    const { channels, kernelSize, stride, padding, pooling } = layer;
    const connection = {
      kind: 'convolution',
      from,
      to,
      kernelSize,
      stride,
      padding,
      pooling: pooling ?? undefined,
    } as const;
    try {
      shapes.push(convolvedShape(shapes[from], channels, connection).pooled);
    } catch (error) {
      throw new RangeError(`layer ${to}: ${error instanceof Error ? error.message : String(error)}`);
    }
    connections.push(connection);
  });
  for (const { from, to, kernelSize, stride, padding } of settings.skips) {
    if (!(from >= 0 && from < to && to < shapes.length)) throw new RangeError(`no skip leads from ${from} to ${to}`);
    connections.push(
      kernelSize === 0
        ? { kind: 'dense', from, to }
        : { kind: 'convolution', from, to, kernelSize, stride, padding, pooling: undefined },
    );
  }
  const { activation, outputActivation, readout, feedback } = settings;
  return {
    layers: shapes,
    connections: connections.sort((a, b) => a.to - b.to || a.from - b.from),
    activation,
    outputActivation,
    readout,
    feedback,
  };
}

/** Dense layers in a chain with one activation and a squared error. */
export function denseNetwork(layerSizes: readonly number[], activation: ActivationName): NetworkStructure {
  const [input, ...layers] = layerSizes;
  return networkStructure({
    input: [input, 1, 1],
    layers,
    skips: [],
    activation,
    outputActivation: activation,
    readout: 'squared-error',
    feedback: 'symmetric',
  });
}

/** The most connections between the input and the outputs: steps that a signal needs from one end to the other. */
export function depthOf({ layers, connections }: NetworkStructure): number {
  const depth = layers.map(() => 0);
  for (const { from, to } of connections) depth[to] = Math.max(depth[to], depth[from] + 1);
  return depth[depth.length - 1];
}
