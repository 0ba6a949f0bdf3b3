/** A method as data: everything that says how a network settles and learns. It lies in every checkpoint. */
import type { EstimatorDescription } from '../estimators/catalogue.ts';
import type { Settling } from '../estimators/settling.ts';
import type { ModelDescription } from '../models/catalogue.ts';
import type { InitializationDescription } from '../models/initialization.ts';
import type { NetworkSettings } from '../models/network-structure.ts';
import type { OptimizerDescription } from '../optimizers/optimizer-description.ts';

/**
 * Where free phases of training start: from zeros; from the state that the same sample came to rest in the last time
 * (Scellier & Bengio 2017); or from where the batch before it did (Scellier et al. 2023). Evaluation starts from zeros.
 */
export type InitialStates = 'zeros' | 'persistent' | 'previous-batch';

export interface SettlingDescription extends Omit<Settling, 'depth'> {
  readonly initialStates: InitialStates;
}

export interface MethodDescription {
  /** Its published name; see the files of this folder. */
  readonly recipe: string;
  readonly network: NetworkSettings;
  readonly model: ModelDescription;
  readonly settling: SettlingDescription;
  readonly estimator: EstimatorDescription;
  readonly optimizer: OptimizerDescription;
  readonly initialization: InitializationDescription;
}

/** What all recipes leave to the user. */
export interface MethodSettings {
  readonly network: NetworkSettings;
  readonly settling: SettlingDescription;
  readonly optimizer: OptimizerDescription;
  readonly initialization: InitializationDescription;
}
