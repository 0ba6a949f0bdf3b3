/** How are samples shown to a network? Normalized as the training data ask for; moved in training, never in a test. */
import { type Augmentation, type EpochMoves, movesByEpoch } from './augmentation.ts';
import type { Dataset } from './dataset.ts';
import { byteLevels, type Normalization } from './normalization.ts';

export interface DataPreparation {
  /** Absent: none. */
  readonly normalization?: Normalization | undefined;
  /** Absent: none. */
  readonly augmentation?: Augmentation | undefined;
}

export interface Presentation {
  /** [channels, 256], what each byte of each channel becomes. */
  readonly levels: Float64Array;
  readonly moves: EpochMoves | undefined;
}

/** `undefined` shows samples as they are, byte · inputScale. */
export interface Presentations {
  readonly test: Presentation | undefined;
  training(epoch: number): Presentation | undefined;
}

/** Fits a preparation to the training data of a job. Throws RangeError when the two do not fit. */
export function presentationsOf(preparation: DataPreparation, train: Dataset, seed: number): Presentations {
  const { normalization = { kind: 'none' }, augmentation } = preparation;
  const levels = byteLevels(normalization, train);
  const movesOf = augmentation === undefined ? undefined : movesByEpoch(augmentation, train.shape, seed);
  const test = normalization.kind === 'none' ? undefined : { levels, moves: undefined };
  return {
    test,
    training: movesOf === undefined ? () => test : (epoch) => ({ levels, moves: movesOf(epoch) }),
  };
}
