/** Where one connection lies: its weights as both directions read them, and the factors of its gradient. */
import type { Workspace } from '../kernel-set.ts';
import {
  type Connection,
  feedsBack,
  feedsForward,
  joinsSettlingLayers,
  lastSettlingLayer,
  type NetworkDescription,
} from '../network.ts';
import { type ConvolutionLayout, layOutConvolution, rowsOf } from './convolution-layout.ts';
import { layOutParameter, type Parameter } from './parameters.ts';
import { isThin, type LayerPlace } from './places.ts';
import { type Arrangement, panelLength, type Storage } from './storage.ts';
import type { RowTensor, Tensor, TensorAllocator } from './tensors.ts';

export interface ConnectionLayout {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly below: LayerPlace;
  readonly above: LayerPlace;
  readonly feedsForward: boolean;
  readonly feedsBack: boolean;
  readonly joinsSettlingLayers: boolean;
  readonly weights: Parameter;
  /** Undefined where feedback is symmetric. */
  readonly feedback: Parameter | undefined;
  readonly carrier: DenseLayout | ConvolutionLayout;
  /** Scaled factors of a gradient, of the layer below, unless it is the input, and of that above. */
  readonly belowFactor: RowTensor | undefined;
  readonly aboveFactor: RowTensor;
  /** The latter's companion in products of complex states. */
  readonly imaginaryFactor: RowTensor | undefined;
}

export interface DenseLayout {
  readonly kind: 'dense';
  /** The other arrangement of the weights, made in `clamp`; undefined where they are read as they are. */
  readonly weightsCopy: Tensor | undefined;
  /** The other arrangement of weights and of feedback for corrections, made when one is asked for. */
  readonly correctionCopies: { readonly weights: Tensor | undefined; readonly feedback: Tensor | undefined };
}

interface Ends {
  readonly network: NetworkDescription;
  readonly workspace: Workspace;
  readonly index: number;
  readonly connection: Connection;
  readonly places: readonly LayerPlace[];
  readonly rowCount: number;
  /** Whether both sets of weights may be read in both directions. */
  readonly isCorrectable: boolean;
  readonly mayBeComplex: boolean;
}

export function layOutConnection(ends: Ends, tensors: TensorAllocator): ConnectionLayout {
  const { network, index, connection, places } = ends;
  const { from, to } = connection;
  const below = places[from];
  const above = places[to];
  const ways = {
    feedsForward: feedsForward(connection),
    feedsBack: feedsBack(network, connection),
    joinsSettlingLayers: joinsSettlingLayers(network, connection),
  };
  const storage = (isThere: boolean, arrangement: Arrangement): Storage => {
    if (!isThere) return { kind: 'none' };
    return connection.kind === 'dense'
      ? { kind: 'panels', arrangement, below, above }
      : rowsOf(connection, network.layers[from], above);
  };
  const isSeparate = network.feedback === 'separate';
  const upwards = storage(ways.feedsForward, isThin(above) ? 'by-below' : 'by-above');
  const downwards = storage(ways.feedsBack, isThin(below) && !isThin(above) ? 'by-above' : 'by-below');
  const weights = layOutParameter('weights', index, upwards, ends, tensors);
  const feedback = isSeparate ? layOutParameter('feedback', index, downwards, ends, tensors) : undefined;
  return {
    index,
    from,
    to,
    below,
    above,
    ...ways,
    weights,
    feedback,
    carrier: layOutCarrier(ends, weights.storage, feedback?.storage, tensors),
    belowFactor: from === 0 ? undefined : tensors.rows(below.stride),
    aboveFactor: tensors.rows(above.stride),
    imaginaryFactor: ends.mayBeComplex && from > 0 ? tensors.rows(above.stride) : undefined,
  };
}

function layOutCarrier(
  { network, connection, places, rowCount, isCorrectable }: Ends,
  weights: Storage,
  feedback: Storage | undefined,
  tensors: TensorAllocator,
): DenseLayout | ConvolutionLayout {
  const { from, to } = connection;
  const below = places[from];
  const above = places[to];
  const joins = joinsSettlingLayers(network, connection);
  if (connection.kind === 'convolution') {
    return layOutConvolution(
      connection,
      network.layers[from],
      above,
      { leadsDown: joins, feedbackPanels: isCorrectable && joins },
      tensors,
      rowCount,
    );
  }
  const other = (arrangement: Arrangement) =>
    tensors.vector(panelLength(arrangement === 'by-above' ? 'by-below' : 'by-above', below, above));
  /** The copy that a set of weights takes to be read upwards or downwards, if any. */
  const copyFor = (storage: Storage | undefined, way: 'up' | 'down') => {
    if (storage?.kind !== 'panels') return undefined;
    const { arrangement } = storage;
    const isReadAsIs =
      way === 'up' ? arrangement === 'by-above' || isThin(above) : arrangement === 'by-below' || isThin(below);
    return isReadAsIs ? undefined : other(arrangement);
  };
  const isReadout = to > lastSettlingLayer(network);
  return {
    kind: 'dense',
    weightsCopy: isReadout || (joins && network.feedback === 'symmetric') ? copyFor(weights, 'down') : undefined,
    correctionCopies: {
      weights: isCorrectable && joins ? copyFor(weights, 'down') : undefined,
      feedback: isCorrectable && joins ? copyFor(feedback, 'up') : undefined,
    },
  };
}
