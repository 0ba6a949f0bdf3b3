/** Do lists with one entry per connection or layer have the length that the network asks for? */
import type { Fault } from '../problem.ts';
import { listAt } from './body-reader.ts';
import type { NetworkOutline } from './network-outline.ts';

const PER_CONNECTION = ['learning_rates', 'momentum_gains', 'flip_thresholds'];

export function listFaults(body: unknown, { shapes, connections }: NetworkOutline): Fault[] {
  const gains = listAt(body, 'network', 'gains') ?? [];
  const biasRates = listAt(body, 'training', 'bias_learning_rates');
  return [
    ...PER_CONNECTION.flatMap((key) =>
      lengthFaults(`/training/${key}`, listAt(body, 'training', key), connections.length, 'connections'),
    ),
    ...(gains.length === 0 ? [] : lengthFaults('/network/gains', gains, connections.length, 'connections')),
    ...lengthFaults('/training/bias_learning_rates', biasRates, shapes.length - 1, 'layers above the input'),
  ];
}

function lengthFaults(pointer: string, list: readonly unknown[] | undefined, expected: number, of: string): Fault[] {
  if (list === undefined || list.length === expected) return [];
  const detail = `the network has ${expected} ${of}, ${list.length} entries are given`;
  return [{ pointer, code: 'length_mismatch', detail }];
}
