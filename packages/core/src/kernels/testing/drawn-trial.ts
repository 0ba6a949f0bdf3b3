/** Trials for kernel sets: random networks over every feature that a set has, and what to do with them. */
import fc from 'fast-check';
import { ACTIVATION_NAMES, type ActivationName, activationNamed } from '../../activations/catalogue.ts';
import type { KernelFeature, KernelSet, Schedule } from '../kernel-set.ts';
import {
  type Connection,
  checkNetwork,
  convolvedShape,
  type Dynamics,
  type LayerShape,
  type NetworkDescription,
} from '../network.ts';
import { GRAPHS, type Graph, networkOn, ONE_WAY } from './drawn-network.ts';

/** Around every width at which padding, panels and tails of a vectorized kernel change, and a few primes. */
const SIZES = [1, 2, 3, 7, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 127, 128, 129];
const CHANNELS = [1, 2, 3, 5, 15, 16, 17];

const sizes = fc.constantFrom(...SIZES);
const flat = (units: number): LayerShape => [units, 1, 1];

const chains: fc.Arbitrary<Graph> = fc.array(sizes, { minLength: 2, maxLength: 5 }).map((units) => ({
  layers: units.map(flat),
  connections: units.slice(1).map((_, k): Connection => ({ kind: 'dense', from: k, to: k + 1 })),
}));

/** Any layer below may drive any above it, one way only where `ways` says so; the last two are joined by nothing else. */
function skips(ways: readonly Pick<Extract<Connection, { kind: 'dense' }>, 'direction'>[]): fc.Arbitrary<Graph> {
  return fc.array(sizes, { minLength: 3, maxLength: 5 }).chain((units) => {
    const pairs = units.flatMap((_, to) => Array.from({ length: to }, (__, from) => ({ from, to })));
    const joined = fc.array(fc.option(fc.constantFrom(...ways), { nil: undefined, freq: 1 }), {
      minLength: pairs.length,
      maxLength: pairs.length,
    });
    return joined.map((drawn) => ({
      layers: units.map(flat),
      connections: pairs.flatMap(({ from, to }, k): Connection[] => {
        const way = from + 1 === to ? {} : drawn[k];
        return way === undefined ? [] : [{ kind: 'dense', from, to, ...(from === 0 ? {} : way) }];
      }),
    }));
  });
}

const poolings = fc.oneof(
  fc.constant(undefined),
  fc.record({
    kind: fc.constantFrom('max' as const, 'average' as const, 'softmax' as const),
    size: fc.constantFrom(1, 2, 3),
  }),
);

/** One or two convolutions, then dense layers, now and then a skip from the input. */
const convolutions: fc.Arbitrary<Graph> = fc
  .record({
    input: fc.tuple(fc.constantFrom(1, 2, 3), fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
    stack: fc.array(
      fc.record({
        channels: fc.constantFrom(...CHANNELS),
        kernelSize: fc.constantFrom(1, 2, 3, 5),
        stride: fc.constantFrom(1, 1, 2),
        padding: fc.constantFrom(0, 1, 2),
        pooling: poolings,
      }),
      { minLength: 1, maxLength: 2 },
    ),
    dense: fc.array(sizes, { minLength: 1, maxLength: 2 }),
    hasSkip: fc.boolean(),
  })
  .map(({ input, stack, dense, hasSkip }) => {
    const layers: LayerShape[] = [input];
    const connections: Connection[] = [];
    for (const { channels, ...rest } of stack) {
      const from = layers.length - 1;
      const connection = { kind: 'convolution', from, to: from + 1, ...rest } as const;
      try {
        layers.push(convolvedShape(layers[from], channels, connection).pooled);
      } catch {
        // Nothing was left of the image: the dense layers take what there was.
        break;
      }
      connections.push(connection);
    }
    for (const units of dense) {
      const from = layers.length - 1;
      layers.push(flat(units));
      connections.push({ kind: 'dense', from, to: from + 1 });
    }
    const to = layers.length - dense.length;
    if (hasSkip && to > 1) connections.splice(to - 1, 0, { kind: 'dense', from: 0, to });
    return { layers, connections };
  });

/** Most networks with links of one way are refused, because their feedback was drawn to be symmetric. */
const graphs: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Graph> }[] = [
  { weight: 2, arbitrary: chains },
  { weight: 2, arbitrary: skips([{}]) },
  { weight: 3, arbitrary: fc.oneof(fc.constant(ONE_WAY), skips([{}, { direction: 'up' }, { direction: 'down' }])) },
  { weight: 3, arbitrary: convolutions },
  { weight: 1, arbitrary: fc.constantFrom(...Object.values(GRAPHS)) },
];

const rates = fc.constantFrom(0.05, 0.2, 0.35, 0.5, 0.8, 1);
const dynamics: fc.Arbitrary<Dynamics> = fc.oneof(
  fc.record({ kind: fc.constant('energy-gradient' as const), stepSize: rates }),
  fc.record({
    kind: fc.constant('discrete-map' as const),
    stepSize: rates,
    nudge: fc.constantFrom('inside' as const, 'outside' as const),
  }),
  // Squares of couplings decide what settles.
  fc.record({ kind: fc.constant('prediction-error' as const), stepSize: fc.constantFrom(0.05, 0.1, 0.2) }),
);

const isRunnable = (network: NetworkDescription): boolean => {
  try {
    checkNetwork(network);
    return true;
  } catch {
    return false;
  }
};

/** Networks that a set can run, whatever their dynamics. */
export function networksFor(
  set: KernelSet,
  asked: readonly KernelFeature[] = [],
  options: { readonly dynamics?: fc.Arbitrary<NetworkDescription['dynamics']>; readonly isSmooth?: boolean } = {},
): fc.Arbitrary<NetworkDescription> {
  const activations = ACTIVATION_NAMES.filter((name) => {
    return !options.isSmooth || activationNamed(name).continuation !== undefined;
  });
  const names: fc.Arbitrary<ActivationName> = fc.constantFrom(...activations);
  return fc
    .record({
      graph: fc.oneof(...graphs),
      activation: names,
      // Two activations of one network are as likely as one.
      other: fc.option(names, { nil: undefined, freq: 1 }),
      dynamics: options.dynamics ?? dynamics,
      feedback: fc.constantFrom('symmetric' as const, 'separate' as const),
      readout: fc.constantFrom('squared-error' as const, 'softmax-cross-entropy' as const),
    })
    .map(({ graph, activation, other, ...rest }) => {
      return networkOn(graph, activation, rest.dynamics, { ...rest, outputActivation: other ?? activation });
    })
    .filter((network) => isRunnable(network) && set.missing(network, asked).length === 0);
}

export type TeachingKind = 'none' | 'nudge' | 'hold' | 'complex-nudge';
/** `opposite`: the taught slot against the free one; `centred`: two taught ones; `crossed`: below and above of two slots. */
export type ContrastKind = 'opposite' | 'centred' | 'crossed' | 'single' | 'feedback' | 'mixed';

export interface Trial {
  readonly network: NetworkDescription;
  readonly capacity: number;
  /** Samples of one batch after the other; parameters move in between. */
  readonly batches: readonly number[];
  /** Whether samples are shown by their lists. */
  readonly isListed: boolean;
  readonly settings: 'plain' | 'rates' | 'gains' | 'both';
  readonly freeSchedule: Exclude<Schedule, 'anderson'>;
  readonly schedule: 'synchronous' | 'even-odd';
  readonly teaching: TeachingKind;
  readonly strength: number;
  readonly freeSteps: number;
  readonly taughtSteps: number;
  readonly contrast: ContrastKind;
  readonly readsOut: boolean;
  /** Which slots free, taught and oppositely taught states take. */
  readonly slots: readonly number[];
  readonly seed: number;
}

export const TRIAL_SLOTS = 7;

function askedOf({ freeSchedule, schedule, teaching }: Trial): readonly KernelFeature[] {
  const asked: KernelFeature[] = [];
  for (const each of [freeSchedule, schedule]) if (each !== 'synchronous') asked.push(each);
  if (teaching === 'hold') asked.push('held-outputs');
  if (teaching === 'complex-nudge') asked.push('complex-states');
  return asked;
}

function fits({ network, freeSchedule, teaching, contrast }: Trial): boolean {
  const { kind } = network.dynamics;
  if (freeSchedule === 'feed-forward' && kind === 'energy-gradient') return false;
  if (teaching === 'hold' && network.readout !== 'squared-error') return false;
  if ((contrast === 'feedback' || contrast === 'mixed') && network.feedback === 'symmetric') return false;
  if (teaching !== 'complex-nudge') return true;
  const { activation, outputActivation } = network;
  const isSmooth = [activation, outputActivation].every((name) => activationNamed(name).continuation !== undefined);
  return kind === 'discrete-map' && isSmooth;
}

/** Trials within what a set does not declare missing. */
export function trialsFor(set: KernelSet): fc.Arbitrary<Trial> {
  return fc
    .record({
      network: networksFor(set),
      capacity: fc.constantFrom(1, 2, 3, 5, 7, 9, 16, 17),
      missing: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }),
      isListed: fc.boolean(),
      settings: fc.constantFrom(
        'plain' as const,
        'plain' as const,
        'rates' as const,
        'gains' as const,
        'both' as const,
      ),
      freeSchedule: fc.constantFrom(
        'synchronous' as const,
        'synchronous' as const,
        'even-odd' as const,
        'feed-forward' as const,
      ),
      schedule: fc.constantFrom('synchronous' as const, 'even-odd' as const),
      // Few networks have complex states, few a second set of weights: what they need is drawn more often.
      teaching: fc.constantFrom<TeachingKind>(
        'none',
        'nudge',
        'nudge',
        'hold',
        ...Array<TeachingKind>(4).fill('complex-nudge'),
      ),
      strength: fc.constantFrom(-0.5, -0.2, -0.05, 0.05, 0.2, 0.5),
      freeSteps: fc.integer({ min: 1, max: 8 }),
      taughtSteps: fc.integer({ min: 1, max: 8 }),
      contrast: fc.constantFrom<ContrastKind>(
        'opposite',
        'opposite',
        'centred',
        'crossed',
        'single',
        'feedback',
        'mixed',
      ),
      readsOut: fc.boolean(),
      slots: fc.shuffledSubarray([...Array(TRIAL_SLOTS).keys()], { minLength: 3, maxLength: 3 }),
      seed: fc.nat(),
    })
    .map(({ missing, ...rest }): Trial => {
      return { ...rest, batches: missing.map((rows) => Math.max(1, rest.capacity - rows)) };
    })
    .filter((trial) => fits(trial) && set.missing(trial.network, askedOf(trial)).length === 0);
}
