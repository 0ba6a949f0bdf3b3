/** Where everything of one network lies in the arena. All of it comes from the allocator, so that a dry run counts it. */
import type { Allocator } from '../../tensor/arena.ts';
import type { Workspace } from '../kernel-set.ts';
import { activationOf, checkNetwork, lastSettlingLayer, type NetworkDescription } from '../network.ts';
import { hasImaginaryParts, type ImaginaryPart, layOutImaginaryPart } from './complex-states.ts';
import { type ConnectionLayout, layOutConnection } from './connection-layout.ts';
import { engineActivation } from './engine-activation.ts';
import { type InputLists, layOutLists } from './input-lists.ts';
import type { EngineActivation } from './operation.ts';
import { layOutBiases, type Parameter } from './parameters.ts';
import { inputPlace, type LayerPlace, placeOf, roundedUp } from './places.ts';
import { mostOperations } from './split.ts';
import { type ElementType, type IntegerTable, type RowTensor, type Tensor, tensorAllocator } from './tensors.ts';
import { CLIPPED_LINE, GRAIN, IDENTITY, OPERATION_WORDS } from './words.ts';

export interface LayerLayout {
  readonly place: LayerPlace;
  readonly activation: EngineActivation;
  /** By slot; none for the input. */
  readonly states: readonly RowTensor[];
  /** What neighbours see of the states, by slot: the same tensors where that is the states themselves. */
  readonly shown: readonly RowTensor[];
  /** What a silent unit shows. */
  readonly silent: number;
  readonly drive: RowTensor;
  /** Bias and input's drive of the present batch, in layers that the input drives. */
  readonly inputDrive: RowTensor | undefined;
  readonly biases: Parameter;
  /** One bias per unit: the biases themselves where each has one unit. */
  readonly biasRow: Tensor;
  /** Sums over samples on their way to biases that several units share. */
  readonly biasSums: Tensor | undefined;
  /** Room for a part of the drive before its gain; of layers with convolutions. */
  readonly partial: RowTensor | undefined;
  /** Prediction errors of two slots at once. */
  readonly errors: readonly RowTensor[];
  /** For corrections of networks that are not reciprocal. */
  readonly correction: CorrectionScratch | undefined;
  /** Where states may be complex. */
  readonly imaginary: ImaginaryPart | undefined;
  readonly settings: LayerSettings;
}

export interface CorrectionScratch {
  readonly deviation: RowTensor;
  readonly scaled: RowTensor;
  /** The drive in the slot about which a phase is corrected. */
  readonly about: RowTensor;
  readonly force: RowTensor;
}

/** One number per entry of a row, in padding 0. */
export interface LayerSettings {
  readonly rates: Tensor;
  readonly fromBelow: Tensor;
  readonly fromAbove: Tensor;
  /** Rates of a sweep, and what units to keep where padding must become zero: 1. */
  readonly ones: Tensor;
  hasGainsBelow: boolean;
  hasGainsAbove: boolean;
  hasRates: boolean;
}

export interface Layout {
  readonly network: NetworkDescription;
  readonly workspace: Workspace;
  readonly elementType: ElementType;
  readonly elementBytes: number;
  readonly lastSettling: number;
  readonly places: readonly LayerPlace[];
  /** By layer; the clamped input has none. */
  readonly layers: readonly LayerLayout[];
  readonly connections: readonly ConnectionLayout[];
  readonly parameters: readonly Parameter[];
  /** Inputs as the caller fills them, and as rows that dense products read. */
  readonly inputs: RowTensor;
  readonly inputRows: RowTensor;
  /** int32, one zero: where a whole row is moved at once. */
  readonly origin: IntegerTable;
  readonly lists: InputLists | undefined;
  /** Labels as the caller fills them, and in the order of states. */
  readonly labels: RowTensor;
  readonly labelRows: RowTensor;
  /** Of the last settling layer. */
  readonly nudge: RowTensor;
  /** Of a softmax read-out, while a phase goes on. */
  readonly probabilities: RowTensor | undefined;
  /** Of the nudge and the probabilities, where states may be complex. */
  readonly imaginary: { readonly nudge: RowTensor; readonly probabilities: RowTensor | undefined } | undefined;
  /** By slot: whether its states are complex now. */
  readonly isComplex: boolean[];
  readonly programs: IntegerTable;
}

export function layOut(
  network: NetworkDescription,
  workspace: Workspace,
  elementType: ElementType,
  allocator: Allocator,
): Layout {
  checkNetwork(network);
  const { layers, connections, dynamics, readout } = network;
  const rowCount = roundedUp(workspace.batchCapacity, GRAIN);
  const tensors = tensorAllocator(allocator, elementType, rowCount);
  const lastSettling = lastSettlingLayer(network);
  const last = layers.length - 1;
  const places = layers.map((shape, layer) => (layer === 0 ? inputPlace(shape) : placeOf(shape)));
  const [input] = places;
  const isCorrectable = network.feedback === 'separate' && dynamics.kind === 'discrete-map';
  const mayBeComplex = hasImaginaryParts(network, workspace);

  const layLayer = (place: LayerPlace, layer: number): LayerLayout => {
    const activation = activationOf(network, layer);
    const slots = (): RowTensor[] => Array.from({ length: workspace.slots }, () => tensors.rows(place.stride));
    const states = slots();
    const settles = layer <= lastSettling;
    const isShared = !settles || showsStates(network, layer, engineActivation(activation));
    const hasConvolutions = connections.some((c) => c.kind === 'convolution' && (c.to === layer || c.from === layer));
    const biases = layOutBiases(layer, place, { network, workspace }, tensors);
    return {
      place,
      activation: engineActivation(activation),
      states,
      shown: isShared ? states : slots(),
      silent: isShared ? 0 : activation.value(0),
      drive: tensors.rows(place.stride),
      inputDrive: connections.some(({ from, to }) => from === 0 && to === layer)
        ? tensors.rows(place.stride)
        : undefined,
      biases,
      biasRow: place.positions === 1 ? biases : tensors.vector(place.stride),
      biasSums: place.positions === 1 ? undefined : tensors.vector(place.stride),
      partial: hasConvolutions ? tensors.rows(place.stride) : undefined,
      errors: dynamics.kind === 'prediction-error' && settles ? [0, 1].map(() => tensors.rows(place.stride)) : [],
      correction:
        isCorrectable && settles
          ? {
              deviation: tensors.rows(place.stride),
              scaled: tensors.rows(place.stride),
              about: tensors.rows(place.stride),
              force: tensors.rows(place.stride),
            }
          : undefined,
      imaginary: mayBeComplex ? layOutImaginaryPart(place.stride, workspace.slots, tensors) : undefined,
      settings: {
        rates: tensors.vector(place.stride),
        fromBelow: tensors.vector(place.stride),
        fromAbove: tensors.vector(place.stride),
        ones: tensors.vector(place.stride),
        hasGainsBelow: false,
        hasGainsAbove: false,
        hasRates: false,
      },
    };
  };

  const inputs = tensors.rows(input.units);
  const labels = tensors.rows(places[last].positions === 1 ? places[last].stride : roundedUp(places[last].units));
  const laid: LayerLayout[] = [];
  for (let layer = 1; layer <= last; layer++) laid[layer] = layLayer(places[layer], layer);
  const links = connections.map((connection, index) =>
    layOutConnection({ network, workspace, index, connection, places, rowCount, isCorrectable, mayBeComplex }, tensors),
  );
  const weights = links.map((link) => link.weights);
  const biases = laid.slice(1).map((layer) => layer.biases);
  const feedback = links.flatMap((link) => (link.feedback === undefined ? [] : [link.feedback]));
  const nudge = () => tensors.rows(places[lastSettling].stride);
  const probabilities = () => (readout === 'softmax-cross-entropy' ? tensors.rows(places[last].stride) : undefined);
  return {
    network,
    workspace,
    elementType,
    elementBytes: tensors.elementBytes,
    lastSettling,
    places,
    layers: laid,
    connections: links,
    parameters: [...weights, ...biases, ...feedback],
    inputs,
    inputRows: input.units === input.stride ? inputs : tensors.rows(input.stride),
    origin: tensors.table(1),
    lists: layOutLists(links, input, workspace, tensors),
    labels,
    labelRows: places[last].positions === 1 ? labels : tensors.rows(places[last].stride),
    nudge: nudge(),
    probabilities: probabilities(),
    imaginary: mayBeComplex ? { nudge: nudge(), probabilities: probabilities() } : undefined,
    isComplex: Array.from({ length: workspace.slots }, () => false),
    programs: tensors.table(mostOperations(network) * (4 + Math.ceil(workspace.slots / 2)) * OPERATION_WORDS),
  };
}

/**
 * Whether neighbours see a layer's states as they are: in a discrete map, or where ρ(s) = s in the range of states. Outputs
 * may be held outside of it.
 */
function showsStates(network: NetworkDescription, layer: number, { code, slope }: EngineActivation): boolean {
  const { dynamics, readout } = network;
  if (dynamics.kind === 'discrete-map' || code === IDENTITY) return true;
  const mayBeHeld = readout === 'squared-error' && layer === lastSettlingLayer(network);
  return dynamics.kind === 'energy-gradient' && code === CLIPPED_LINE && slope === 1 && !mayBeHeld;
}
