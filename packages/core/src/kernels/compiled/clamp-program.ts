/** What is done once a batch: copies of weights for other directions, lists of inputs, and the drive that inputs bring. */
import { carryUp } from './carry.ts';
import { rowLists, takesLists } from './input-lists.ts';
import type { Layout } from './layout.ts';
import { place } from './map-operations.ts';
import type { Operation, Rows } from './operation.ts';
import { listSamples, pack, sparseProduct, transpose } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { panelShape } from './storage.ts';
import { sharedRow, type Tensor } from './tensors.ts';

/** Copies of weights as clamped phases read them. */
export function copyWeights(layout: Layout): readonly Operation[] {
  return layout.connections.flatMap(({ weights, carrier, above }): Operation[] => {
    if (carrier.kind === 'dense') return transposed(weights, carrier.weightsCopy);
    const rows = { pointer: weights.pointer, stride: carrier.rowStride };
    return [pack(rows, carrier.taps * carrier.channels, above.channelStride, carrier.panels.pointer)];
  });
}

/** Copies that only corrections read. */
export function copyForCorrections(layout: Layout): readonly Operation[] {
  return layout.connections.flatMap(({ weights, feedback, carrier, above }): Operation[] => {
    if (feedback === undefined) return [];
    if (carrier.kind === 'dense') {
      const { correctionCopies } = carrier;
      return [...transposed(weights, correctionCopies.weights), ...transposed(feedback, correctionCopies.feedback)];
    }
    if (carrier.feedbackPanels === undefined) return [];
    const rows = { pointer: feedback.pointer, stride: carrier.rowStride };
    return [pack(rows, carrier.taps * carrier.channels, above.channelStride, carrier.feedbackPanels.pointer)];
  });
}

/** The same weights by the units at the other end. */
function transposed({ storage, pointer }: Parameter, copy: Tensor | undefined): Operation[] {
  if (copy === undefined || storage.kind !== 'panels') return [];
  const { arrangement, below, above } = storage;
  const { depth } = panelShape(arrangement, below, above);
  const columns = arrangement === 'by-above' ? above.depth : below.depth;
  return [transpose(pointer, depth, columns, copy.pointer)];
}

/** Lists what is not zero in the inputs. */
export function listInputs({ inputs, places, lists }: Layout): readonly Operation[] {
  return lists === undefined ? [] : [listSamples(inputs, places[0].units, rowLists(lists.bySample))];
}

/** Bias and input's drive of every layer that the input drives, through lists where `isSparse` and where weights take them. */
export function driveFromInput(layout: Layout, isSparse: boolean): readonly Operation[] {
  const { connections, layers, inputs, inputRows, lists, origin, places } = layout;
  const taking = isSparse ? lists : undefined;
  const fromInput = connections.filter(({ from }) => from === 0);
  const operations: Operation[] = [];
  const readsRows = fromInput.some(
    (connection) => connection.carrier.kind === 'dense' && !(taking !== undefined && takesLists(connection)),
  );
  if (readsRows && inputRows !== inputs) {
    operations.push(place(inputs, 1, places[0].units, origin.pointer, inputRows));
  }
  layers.forEach(({ inputDrive, biasRow }, layer) => {
    if (inputDrive === undefined) return;
    let init: Rows = sharedRow(biasRow);
    for (const connection of fromInput) {
      if (connection.to !== layer) continue;
      const { carrier, weights, below, above } = connection;
      if (taking !== undefined && takesLists(connection)) {
        const { depth, columns } = panelShape('by-above', below, above);
        operations.push(
          sparseProduct({
            lists: rowLists(taking.bySample),
            weights: weights.pointer,
            depth,
            columns,
            init,
            out: inputDrive,
          }),
        );
      } else {
        const given = carrier.kind === 'dense' ? inputRows : inputs;
        operations.push(...carryUp(layout, connection, { given, init, out: inputDrive }));
      }
      init = inputDrive;
    }
  });
  return operations;
}
