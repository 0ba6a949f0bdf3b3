/**
 * A method: one point in the product of axes (model, estimator, optimizer, initialization), as data and as the parts
 * built from it. The data goes into checkpoints, so that a file alone says how its network settles.
 */

import { nudgeFault } from '../dynamics/nudge-stability.ts';
import { estimatorFrom } from '../estimators/catalogue.ts';
import { missingProperties } from '../estimators/compatibility.ts';
import type { GradientEstimator } from '../estimators/gradient-estimator.ts';
import type { KernelSet, Workspace } from '../kernels/kernel-set.ts';
import { modelFrom } from '../models/catalogue.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { depthOf } from '../models/network-structure.ts';
import { optimizerFrom } from '../optimizers/catalogue.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { checkOptimizerFits } from '../optimizers/parameter-rates.ts';
import type { MethodDescription } from './method-description.ts';
import { parseMethodDescription } from './method-parser.ts';

export interface Method {
  readonly description: MethodDescription;
  readonly model: LayeredModel;
  readonly estimator: GradientEstimator;
  readonly optimizer: Optimizer;
}

/** Builds the parts. Throws RangeError, naming every missing property or the first fault, on parts that do not fit. */
export function methodFrom(given: MethodDescription): Method {
  // Rebuilt field by field, so that equal methods have equal text, whoever wrote their fields in which order.
  const description = parseMethodDescription(given);
  const model = modelFrom(description.model, description.network);
  const settling = { ...description.settling, depth: depthOf(model.network) };
  const estimator = estimatorFrom(description.estimator, settling);
  const missing = missingProperties(model, estimator);
  if (missing.length > 0) throw new RangeError(missing.join('; '));
  const fault = nudgeFault(model.network, estimator.betas);
  if (fault !== undefined) throw new RangeError(fault);
  checkOptimizerFits(description.optimizer, model.network);
  return { description, model, estimator, optimizer: optimizerFrom(description.optimizer, estimator) };
}

/** What training with this method takes of a kernel set besides the parameters. */
export function workspaceOf({ description, estimator, optimizer }: Method, batchSize: number): Workspace {
  return {
    batchCapacity: batchSize,
    // Behind the estimator's own slots, one for states that training carries over.
    slots: estimator.slots + (description.settling.initialStates === 'zeros' ? 0 : 1),
    parameterBuffers: optimizer.parameterBuffers,
    complexStates: estimator.complexStates,
    anderson: estimator.anderson,
  };
}

/** The first of the sets, in order of preference, that lacks nothing the method asks for; the last one runs everything. */
export function chooseKernels(method: Method, sets: readonly KernelSet[]): KernelSet {
  const chosen = sets.find((set) => set.missing(method.model.network, method.estimator.needs.kernels).length === 0);
  if (chosen === undefined) {
    const lacks = sets.map(
      (set) => `${set.name}: ${set.missing(method.model.network, method.estimator.needs.kernels).join(', ')}`,
    );
    throw new RangeError(`no kernel set can run this method (${lacks.join('; ')})`);
  }
  return chosen;
}
