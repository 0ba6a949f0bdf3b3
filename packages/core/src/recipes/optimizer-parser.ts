/** Reads an optimizer's description from outside. Throws RangeError, naming the field. */
import type { Clipping, OptimizerDescription, RateSchedule, UpdateRule } from '../optimizers/optimizer-description.ts';
import { type Fields, listOf, numberOf, oneOf, recordOf } from './field-parser.ts';

export function parseOptimizer(fields: Fields): OptimizerDescription {
  const rates = recordOf(fields.learningRates, 'optimizer.learningRates');
  const ratesOf = (kind: 'weights' | 'biases' | 'feedback') =>
    listOf(rates[kind], `optimizer.learningRates.${kind}`, numberOf);
  return {
    rule: parseRule(recordOf(fields.rule, 'optimizer.rule')),
    learningRates: { weights: ratesOf('weights'), biases: ratesOf('biases'), feedback: ratesOf('feedback') },
    weightDecay: numberOf(fields.weightDecay, 'optimizer.weightDecay'),
    schedule: parseSchedule(recordOf(fields.schedule, 'optimizer.schedule')),
    clipping: parseClipping(recordOf(fields.clipping, 'optimizer.clipping')),
  };
}

function parseRule(fields: Fields): UpdateRule {
  const kind = oneOf(fields.kind, 'optimizer.rule.kind', [
    'gradient-descent',
    'momentum',
    'nesterov',
    'adam',
    'binary-flip',
  ]);
  const field = (name: string) => numberOf(fields[name], `optimizer.rule.${name}`);
  switch (kind) {
    case 'gradient-descent':
      return { kind };
    case 'momentum':
    case 'nesterov':
      return { kind, momentum: field('momentum') };
    case 'adam':
      return {
        kind,
        firstMomentDecay: field('firstMomentDecay'),
        secondMomentDecay: field('secondMomentDecay'),
        epsilon: field('epsilon'),
      };
    case 'binary-flip':
      return {
        kind,
        momentumGains: listOf(fields.momentumGains, 'optimizer.rule.momentumGains', numberOf),
        thresholds: listOf(fields.thresholds, 'optimizer.rule.thresholds', numberOf),
      };
    default:
      kind satisfies never;
      throw new Error('unreachable rule');
  }
}

function parseSchedule(fields: Fields): RateSchedule {
  const kind = oneOf(fields.kind, 'optimizer.schedule.kind', ['constant', 'step', 'exponential', 'cosine']);
  const field = (name: string) => numberOf(fields[name], `optimizer.schedule.${name}`);
  const warmUpEpochs = fields.warmUpEpochs === undefined ? 0 : field('warmUpEpochs');
  switch (kind) {
    case 'constant':
      return { kind, warmUpEpochs };
    case 'step':
      return { kind, everyEpochs: field('everyEpochs'), factor: field('factor'), warmUpEpochs };
    case 'exponential':
      return { kind, factorPerEpoch: field('factorPerEpoch'), warmUpEpochs };
    case 'cosine':
      return { kind, epochs: field('epochs'), lowest: field('lowest'), warmUpEpochs };
    default:
      kind satisfies never;
      throw new Error('unreachable schedule');
  }
}

function parseClipping(fields: Fields): Clipping {
  const kind = oneOf(fields.kind, 'optimizer.clipping.kind', ['none', 'norm', 'value']);
  return kind === 'none' ? { kind } : { kind, limit: numberOf(fields.limit, 'optimizer.clipping.limit') };
}
