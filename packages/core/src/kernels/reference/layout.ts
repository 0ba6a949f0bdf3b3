/** Where everything of one network lies: parameters, states, scratch, and the operator of every connection. */
import type { Activation } from '../../activations/activation.ts';
import type { Allocator } from '../../tensor/arena.ts';
import type { ParameterTensor, Workspace } from '../kernel-set.ts';
import {
  activationOf,
  biasCount,
  type Connection,
  feedsBack,
  feedsForward,
  joinsSettlingLayers,
  lastSettlingLayer,
  type NetworkDescription,
  unitsOf,
  weightShape,
} from '../network.ts';
import { acceleratorLength } from './anderson.ts';
import { convolutionOperator } from './convolution-operator.ts';
import { denseOperator } from './dense-operator.ts';
import { allocateField, type Field } from './field.ts';
import type { ConnectionOperator } from './operator.ts';
import { UNWATCHED, type Watch } from './watch.ts';

export interface Link {
  readonly connection: Connection;
  readonly operator: ConnectionOperator;
  readonly weights: Float64Array;
  /** Weights by which the layer above drives the one below: `weights` itself where feedback is symmetric. */
  readonly feedback: Float64Array;
  readonly feedsForward: boolean;
  readonly feedsBack: boolean;
  readonly joinsSettlingLayers: boolean;
}

/** How single units settle; see ./unit-settings.ts. */
export interface LayerSettings {
  readonly rates: Float64Array;
  readonly fromBelow: Float64Array;
  readonly fromAbove: Float64Array;
  /** Whether any gain is not 1; in most networks none is, and nothing is multiplied. */
  hasGains: boolean;
}

interface Parameter extends ParameterTensor {
  readonly values: Float64Array;
  readonly buffers: readonly Float64Array[];
}

export interface Layout {
  readonly watch: Watch;
  readonly network: NetworkDescription;
  readonly workspace: Workspace;
  /** Units per layer. */
  readonly units: readonly number[];
  /** Values per bias: positions of a plane that share it, 1 in a dense layer. */
  readonly positions: readonly number[];
  readonly lastSettling: number;
  readonly links: readonly Link[];
  /** `biases[k]` belongs to layer k + 1. */
  readonly biases: readonly Float64Array[];
  readonly parameters: readonly Parameter[];
  /** Changes of parameters before they are made, one array per parameter. */
  readonly changes: readonly Float64Array[];
  /** Of each layer. */
  readonly activations: readonly Activation[];
  /** Of each layer; those of the input and of a read-out have no effect. */
  readonly settings: readonly LayerSettings[];
  readonly inputs: Field;
  readonly labels: Float64Array;
  /** What the clamped input drives each layer with, of the present batch; [layer]. */
  readonly inputDrive: readonly (Field | undefined)[];
  /** [slot][layer]; layer 0 is the input in all of them. */
  readonly slots: readonly (readonly Field[])[];
  /** Which slots hold states with an imaginary part. */
  readonly isComplex: boolean[];
  readonly scratch: Scratch;
  /** All settling states of a sample in one row, for Anderson acceleration; empty without it. */
  readonly flat: {
    readonly length: number;
    readonly point: Float64Array;
    readonly swept: Float64Array;
    readonly memory: Float64Array;
  };
}

/** One field per layer each, for use within one call. */
export interface Scratch {
  /** What layers show. */
  readonly emitted: readonly Field[];
  readonly drive: readonly Field[];
  readonly next: readonly Field[];
  /** Part of a drive, before its gain. */
  readonly partial: readonly Field[];
  /** Prediction errors, or forces of a correction. */
  readonly forces: readonly Field[];
  readonly tangents: readonly Field[];
}

export function layOut(
  network: NetworkDescription,
  workspace: Workspace,
  allocator: Allocator,
  watch: Watch = UNWATCHED,
): Layout {
  const { layers, connections } = network;
  const { batchCapacity, complexStates } = workspace;
  const units = layers.map(unitsOf);
  const lastSettling = lastSettlingLayer(network);
  const inputs = allocateField(allocator, batchCapacity * units[0], false);
  const states = () =>
    units.map((count, layer) =>
      layer === 0 ? inputs : allocateField(allocator, batchCapacity * count, complexStates),
    );
  const tensor = (kind: ParameterTensor['kind'], index: number, length: number): Parameter => ({
    kind,
    index,
    values: allocator.float64(length).values,
    buffers: Array.from({ length: workspace.parameterBuffers }, () => allocator.float64(length).values),
  });
  const entries = connections.map((c) => weightShape(network, c).reduce((product, size) => product * size, 1));
  const weightEntries = connections.map((c, k) => (feedsForward(c) ? entries[k] : 0));
  const weights = weightEntries.map((length, k) => tensor('weights', k, length));
  const biases = layers.slice(1).map((shape, k) => tensor('biases', k + 1, biasCount(shape)));
  const feedbackEntries = connections.map((c, k) => (feedsBack(network, c) ? entries[k] : 0));
  const feedback =
    network.feedback === 'symmetric' ? [] : feedbackEntries.map((length, k) => tensor('feedback', k, length));
  const links = connections.map((connection, k): Link => {
    const below = layers[connection.from];
    const above = layers[connection.to];
    return {
      connection,
      operator:
        connection.kind === 'dense'
          ? denseOperator(unitsOf(below), unitsOf(above))
          : convolutionOperator(connection, below, above, allocator, watch),
      weights: weights[k].values,
      feedback: (feedback[k] ?? weights[k]).values,
      feedsForward: feedsForward(connection),
      feedsBack: feedsBack(network, connection),
      joinsSettlingLayers: joinsSettlingLayers(network, connection),
    };
  });
  const settling = units.slice(1, lastSettling + 1).reduce((sum, count) => sum + count, 0);
  const flatLength = settling * (complexStates ? 2 : 1);
  const flat = (rows: number) => allocator.float64(workspace.anderson ? batchCapacity * flatLength * rows : 0).values;
  const fromInput = new Set(connections.filter(({ from }) => from === 0).map(({ to }) => to));
  return {
    watch,
    network,
    workspace,
    units,
    positions: layers.map(([, height, width]) => height * width),
    lastSettling,
    links,
    biases: biases.map(({ values }) => values),
    parameters: [...weights, ...biases, ...feedback],
    // By counted lengths: in a dry run the vectors themselves are empty.
    changes: [
      ...weightEntries,
      ...layers.slice(1).map(biasCount),
      ...(network.feedback === 'symmetric' ? [] : feedbackEntries),
    ].map((length) => allocator.float64(length).values),
    activations: layers.map((_, layer) => activationOf(network, layer)),
    settings: layOutUnits(network, allocator),
    inputs,
    labels: allocator.float64(batchCapacity * units[units.length - 1]).values,
    inputDrive: units.map((count, layer) =>
      fromInput.has(layer) ? allocateField(allocator, batchCapacity * count, false) : undefined,
    ),
    slots: Array.from({ length: workspace.slots }, states),
    isComplex: Array.from({ length: workspace.slots }, () => false),
    scratch: {
      emitted: states(),
      drive: states(),
      partial: states(),
      next: states(),
      forces: states(),
      tangents: states(),
    },
    flat: {
      length: flatLength,
      point: flat(1),
      swept: flat(1),
      memory: allocator.float64(workspace.anderson ? acceleratorLength(batchCapacity, flatLength) : 0).values,
    },
  };
}

function layOutUnits({ layers, dynamics }: NetworkDescription, allocator: Allocator): readonly LayerSettings[] {
  return layers.map((shape) => {
    const filled = (value: number) => allocator.float64(unitsOf(shape)).values.fill(value);
    return {
      rates: filled('stepSize' in dynamics ? dynamics.stepSize : 1),
      fromBelow: filled(1),
      fromAbove: filled(1),
      hasGains: false,
    };
  });
}
