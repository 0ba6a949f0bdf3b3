/** The batch that is clamped: its inputs, labels and lists, and the programs that take them in. */
import type { ListedInputs, Values } from '../kernel-set.ts';
import { copyForCorrections, copyWeights, driveFromInput, listInputs } from './clamp-program.ts';
import { countEntries, showListed, takeLists, takesLists } from './input-lists.ts';
import type { Layout } from './layout.ts';
import type { Operation } from './operation.ts';
import { writeRows } from './places.ts';
import { onePass, type Runner } from './runner.ts';
import { ALL_TOGETHER, isSparse } from './split.ts';

export interface Batch {
  readonly samples: number;
  /** How inputs are there for products with them. */
  readonly inputs: 'rows' | 'lists' | 'lists-by-sample';
  clamp(samples: number): void;
  clampListed(samples: number, listed: ListedInputs): void;
  /** The same inputs with the present parameters. */
  clampAgain(): void;
  /** To be called once a program has listed inputs by column. */
  listedByColumn(): void;
  /** Makes the copies of weights that corrections read, once a batch. */
  prepareCorrections(): void;
}

const KEYS = { prepare: 0, sparse: 1, dense: 2, whole: 3, wholeListed: 4, corrections: 5 } as const;

export function batchOf(layout: Layout, runner: Runner): Batch {
  const { inputs, labels, labelRows, lists, places } = layout;
  const inputUnits = places[0].units;
  const needsRows = layout.connections.some((connection) => connection.from === 0 && !takesLists(connection));
  let samples = 0;
  let shownAs: Batch['inputs'] = 'rows';
  let isCorrectable = false;

  const perform = (key: keyof typeof KEYS, compile: () => readonly Operation[]) => {
    runner.pass(
      runner.take('clamp', KEYS[key], () => onePass(compile(), ALL_TOGETHER)),
      samples,
    );
  };
  const begin = (count: number) => {
    samples = count;
    isCorrectable = false;
    spreadBiases(layout);
    if (labelRows !== labels) spreadLabels(layout, samples);
  };
  const drive = () => {
    if (shownAs === 'rows') perform('whole', () => [...copyWeights(layout), ...driveFromInput(layout, false)]);
    else perform('wholeListed', () => [...copyWeights(layout), ...driveFromInput(layout, true)]);
  };
  return {
    get samples() {
      return samples;
    },
    get inputs() {
      return shownAs;
    },
    clamp(count) {
      begin(count);
      shownAs = 'rows';
      if (lists === undefined) {
        drive();
        return;
      }
      perform('prepare', () => [...copyWeights(layout), ...listInputs(layout)]);
      // The choice changes the order of sums, so it depends on the batch alone.
      if (isSparse(countEntries(lists, samples), samples, inputUnits)) shownAs = 'lists-by-sample';
      if (shownAs === 'rows') perform('dense', () => driveFromInput(layout, false));
      else perform('sparse', () => driveFromInput(layout, true));
    },
    clampListed(count, listed) {
      begin(count);
      shownAs = 'rows';
      if (lists !== undefined) {
        takeLists(lists, listed, samples);
        if (isSparse(countEntries(lists, samples), samples, inputUnits)) shownAs = 'lists-by-sample';
      }
      if (shownAs === 'rows' || needsRows) showListed(inputs.values, inputUnits, listed, samples);
      drive();
    },
    clampAgain() {
      isCorrectable = false;
      spreadBiases(layout);
      drive();
    },
    listedByColumn() {
      if (shownAs === 'lists-by-sample') shownAs = 'lists';
    },
    prepareCorrections() {
      if (isCorrectable) return;
      perform('corrections', () => copyForCorrections(layout));
      isCorrectable = true;
    },
  };
}

/** Biases of maps, one per position. */
function spreadBiases({ layers }: Layout): void {
  layers.forEach(({ place, biases, biasRow }) => {
    if (place.positions === 1) return;
    for (let position = 0; position < place.positions; position++) {
      biasRow.values.set(biases.values, position * place.channelStride);
    }
  });
}

/** Labels of a map, in the order of states. */
function spreadLabels({ labels, labelRows, places }: Layout, samples: number): void {
  const place = places[places.length - 1];
  const { units } = place;
  const gathered: Values = labels.values.slice(0, samples * units);
  for (let sample = 0; sample < samples; sample++) {
    gathered.set(labels.values.subarray(sample * labels.stride, sample * labels.stride + units), sample * units);
  }
  writeRows(place, gathered, labelRows.values);
}
