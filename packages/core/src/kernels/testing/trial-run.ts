/** What comes of a trial on a kernel set: everything that can be seen of it, in float64. */
import { type RandomStream, randomStream } from '../../tensor/random.ts';
import type {
  Contrast,
  ContrastTerm,
  KernelSet,
  Lanes,
  ListedInputs,
  NetworkKernels,
  ParameterValues,
  Phase,
  SettleReport,
  Teaching,
  UnitSettings,
} from '../kernel-set.ts';
import {
  biasCount,
  feedsBack,
  feedsForward,
  lastSettlingLayer,
  type NetworkDescription,
  unitsOf,
  weightShape,
} from '../network.ts';
import { arenaFor, phaseOf, readSlot, uniforms } from './drawn-network.ts';
import { TRIAL_SLOTS, type Trial } from './drawn-trial.ts';

export interface PhaseSeen {
  readonly report: SettleReport;
  readonly states: readonly Float64Array[];
}

export interface Outcome {
  /** [batch][phase] */
  readonly batches: readonly (readonly PhaseSeen[])[];
  readonly gradients: Movement;
  readonly parameters: Movement;
}

export interface Movement {
  readonly before: ParameterValues;
  readonly after: ParameterValues;
  /** Per tensor, the sum of all factors by which a product of states has entered one of its entries. */
  readonly weight: readonly number[];
}

const round = (values: Float64Array) => values.map(Math.fround);

/**
 * Weights of a spectral norm of about `gain` whatever the sizes, so that errors do not grow from step to step. `shift` moves
 * every entry by that share of itself, up or down by turns.
 */
export function balancedParameters(
  network: NetworkDescription,
  stream: RandomStream,
  gain: number,
  shift = 0,
): ParameterValues {
  const moved = (values: Float64Array) =>
    shift === 0 ? values : values.map((x, i) => x * (1 + (i % 2 === 0 ? shift : -shift)));
  const tensor = (part: string, k: number) => {
    const shape = weightShape(network, network.connections[k]);
    const area = shape.slice(2).reduce((product, size) => product * size, 1);
    const bound = (gain * Math.sqrt(3)) / (Math.sqrt(shape[0] * area) + Math.sqrt(shape[1] * area));
    return moved(round(uniforms(stream.split(part).split(k), shape[0] * shape[1] * area, -bound, bound)));
  };
  const { connections } = network;
  return {
    weights: connections.map((c, k) => (feedsForward(c) ? tensor('weights', k) : new Float64Array(0))),
    biases: network.layers.slice(1).map((layer, k) => {
      return moved(round(uniforms(stream.split('biases').split(k), biasCount(layer), -0.2, 0.6)));
    }),
    feedback:
      network.feedback === 'symmetric'
        ? []
        : connections.map((c, k) => (feedsBack(network, c) ? tensor('feedback', k) : new Float64Array(0))),
  };
}

/** What a byte is worth to a trial, of either sign. */
const LEVELS = Float64Array.from({ length: 256 }, (_, byte) => (byte === 0 ? 0 : Math.fround((byte - 128) / 100)));

/** Bytes of `samples` samples, three quarters of them zero, as in images. */
function drawnBytes(stream: RandomStream, samples: number, units: number): Uint8Array {
  const shown = stream.split('shown');
  return Uint8Array.from({ length: samples * units }, (_, i) =>
    shown.uniform(i) < 0.25 ? Math.floor(256 * stream.uniform(i)) : 0,
  );
}

/** Lists of the bytes, the samples in reverse order on top of some that are not asked for. */
export function listsOf(bytes: Uint8Array, samples: number, units: number): ListedInputs {
  const all = Array.from(bytes, (byte, i) => ({ byte, i })).filter(({ byte }) => byte !== 0);
  const front = 2;
  const rows = Array.from({ length: samples }, (_, k) =>
    all.filter(({ i }) => Math.floor(i / units) === samples - 1 - k),
  );
  const offsets = [0];
  for (const row of rows) offsets.push(offsets[offsets.length - 1] + row.length);
  return {
    offsets: Uint32Array.from(offsets),
    indices: Uint16Array.from(rows.flat(), ({ i }) => i % units),
    bytes: Uint8Array.from(rows.flat(), ({ byte }) => byte),
    levels: LEVELS,
    order: Uint32Array.from({ length: front + samples }, (_, k) => (k < front ? 0 : samples - 1 - (k - front))),
    first: front,
  };
}

/** Shows a batch drawn from the stream, as rows or by lists; the labels of a read-out are one-hot. */
export function clampTrial(kernels: NetworkKernels, samples: number, isListed: boolean, stream: RandomStream): void {
  const { layers, readout } = kernels.network;
  const inputUnits = unitsOf(layers[0]);
  const classes = unitsOf(layers[layers.length - 1]);
  const bytes = drawnBytes(stream.split('inputs'), samples, inputUnits);
  const wanted = round(uniforms(stream.split('labels'), samples * classes, -0.5, 1));
  for (let sample = 0; sample < samples; sample++) {
    for (let unit = 0; unit < classes; unit++) {
      const label = readout === 'squared-error' ? wanted[sample * classes + unit] : Number(unit === sample % classes);
      kernels.labels[sample * kernels.labelStride + unit] = label;
    }
  }
  if (isListed) {
    // What is in the rows does not matter then.
    kernels.inputs.fill(Number.NaN);
    kernels.clampListed(samples, listsOf(bytes, samples, inputUnits));
  } else {
    bytes.forEach((byte, i) => {
      kernels.inputs[i] = LEVELS[byte];
    });
    kernels.clamp(samples);
  }
}

function setUnits(kernels: NetworkKernels, settings: Trial['settings'], stream: RandomStream): void {
  const { network } = kernels;
  if (settings === 'plain' || !('stepSize' in network.dynamics)) return;
  const { stepSize } = network.dynamics;
  for (let layer = 1; layer <= lastSettlingLayer(network); layer++) {
    // Some layers keep what they have.
    if (layer % 3 === 0) continue;
    const drawn = (part: string, low: number, high: number) =>
      round(uniforms(stream.split(part).split(layer), unitsOf(network.layers[layer]), low, high));
    const given: { -readonly [Part in keyof UnitSettings]?: UnitSettings[Part] } = {};
    if (settings !== 'gains') given.rates = drawn('rates', 0.2 * stepSize, stepSize);
    if (settings !== 'rates') given.fromBelow = drawn('below', -0.5, 1.5);
    if (settings !== 'rates' && layer % 2 === 1) given.fromAbove = drawn('above', 0, 1.5);
    kernels.setUnits(layer, given);
  }
}

function teachingOf({ teaching, strength }: Trial, sign: 1 | -1): Teaching {
  switch (teaching) {
    case 'none':
      return { kind: 'none' };
    case 'nudge':
      return { kind: 'nudge', beta: sign * strength };
    case 'hold':
      return { kind: 'hold', fraction: sign * strength };
    case 'complex-nudge':
      return { kind: 'nudge', beta: { re: strength / 2, im: (sign * strength) / 2 } };
    default:
      teaching satisfies never;
      throw new Error('unreachable teaching');
  }
}

/** `samples`: so that the contrast is a mean. */
function contrastOf({ contrast, teaching, readsOut, slots, network }: Trial, samples: number): Contrast {
  const [free, taught, opposite] = slots;
  const c = 0.5 / samples;
  const term = (
    below: number,
    above: number,
    coefficient: ContrastTerm['coefficient'],
    weights: ContrastTerm['weights'] = 'feedforward',
  ) => ({
    ...{ below, above, coefficient, weights },
  });
  const turned = teaching === 'complex-nudge' ? { re: c, im: -0.7 * c } : c;
  const terms: Record<Trial['contrast'], readonly ContrastTerm[]> = {
    opposite: [term(taught, taught, c), term(free, free, -c)],
    centred: [term(taught, taught, turned), term(opposite, opposite, -c)],
    crossed: [term(free, taught, turned), term(opposite, free, 0.6 * c)],
    single: [term(taught, taught, -c)],
    feedback: [term(free, taught, c, 'feedback'), term(taught, free, -0.3 * c, 'feedback')],
    mixed: [
      term(taught, taught, c),
      term(free, free, -c),
      term(taught, free, turned, 'feedback'),
      term(opposite, taught, 0.2 * c),
    ],
  };
  return {
    terms: terms[contrast],
    readoutAt: network.readout === 'softmax-cross-entropy' && readsOut ? free : undefined,
  };
}

/** How much one unit of every state's error can move an entry of each tensor, for one contrast of weight about 1. */
function reachOf({ network }: Trial): readonly number[] {
  const { connections, layers, feedback } = network;
  const positions = (layer: number) => layers[layer][1] * layers[layer][2];
  const weights = connections.map((c) => (c.kind === 'dense' ? 1 : positions(c.to) * (c.pooling?.size ?? 1) ** 2));
  return [...weights, ...layers.slice(1).map((_, k) => positions(k + 1)), ...(feedback === 'symmetric' ? [] : weights)];
}

export interface RunOptions {
  readonly lanes?: Lanes;
  /** Relative move of every parameter: what a trial is sensitive to. */
  readonly shift?: number;
}

export function runTrial(set: KernelSet, trial: Trial, { lanes, shift = 0 }: RunOptions = {}): Outcome {
  const { network, capacity, freeSteps, taughtSteps } = trial;
  const [free, taught, opposite] = trial.slots;
  const stream = randomStream(trial.seed, 'trial');
  const workspace = {
    batchCapacity: capacity,
    slots: TRIAL_SLOTS,
    parameterBuffers: 2,
    complexStates: trial.teaching === 'complex-nudge',
    anderson: false,
  };
  const kernels = set.build(network, workspace, arenaFor(set, network, workspace), lanes);
  try {
    const given = balancedParameters(network, stream.split('parameters'), 0.5, shift);
    kernels.writeParameters(given);
    setUnits(kernels, trial.settings, stream.split('settings'));
    // Gradients grow from what they were.
    const earlier = mapped(balancedParameters(network, stream.split('earlier'), 0.5), (x) => Math.fround(x / 100));
    kernels.writeBuffer(0, earlier);
    const before = kernels.readParameters();
    const reach = reachOf(trial);
    // Another scale for every tensor, so that a mix-up shows.
    const scales = reach.map((entries, k) => ((k % 2 === 0 ? 0.02 : -0.02) * (1 + (k % 5))) / entries);

    const batches = trial.batches.map((samples, batch) => {
      clampTrial(kernels, samples, trial.isListed, stream.split('batches').split(batch));
      const phases: Phase[] = [
        phaseOf({ into: free, steps: freeSteps, schedule: trial.freeSchedule }),
        ...([1, -1] as const).map((sign) =>
          phaseOf({
            from: free,
            into: sign === 1 ? taught : opposite,
            steps: taughtSteps,
            schedule: trial.schedule,
            teaching: teachingOf(trial, sign),
          }),
        ),
      ];
      const seen = phases.map((phase): PhaseSeen => {
        const report = kernels.settle(phase);
        return { report, states: readSlot(kernels, phase.into) };
      });
      const contrast = contrastOf(trial, samples);
      kernels.addToGradients(contrast);
      kernels.addToParameters(contrast, scales);
      return seen;
    });
    return {
      batches,
      gradients: {
        before: earlier,
        after: kernels.readBuffer(0),
        weight: reach.map((entries) => entries * trial.batches.length),
      },
      parameters: {
        before,
        after: kernels.readParameters(),
        weight: reach.map((entries, k) => entries * trial.batches.length * Math.abs(scales[k])),
      },
    };
  } finally {
    kernels.release();
  }
}

export function mapped({ weights, biases, feedback }: ParameterValues, f: (x: number) => number): ParameterValues {
  const all = (parts: ParameterValues['weights']) => parts.map((part) => Float64Array.from(part, f));
  return { weights: all(weights), biases: all(biases), feedback: all(feedback) };
}

/** All of it in one row, to be compared bit by bit. */
export function bitsOf({ batches, gradients, parameters }: Outcome): Uint8Array {
  const seen = batches.flat().flatMap(({ report, states }) => {
    const numbers = report.kind === 'settled' ? [report.steps, report.residual] : [Number.NaN];
    return [Float64Array.from(numbers), ...states];
  });
  const moved = [gradients, parameters].flatMap(({ before, after }) => [...tensorsOf(before), ...tensorsOf(after)]);
  return Buffer.concat([...seen, ...moved].map((values) => new Uint8Array(Float64Array.from(values).buffer)));
}

export const tensorsOf = ({ weights, biases, feedback }: ParameterValues) => [...weights, ...biases, ...feedback];
