/**
 * Kernels of any engine: a network is laid out in the arena, its phases and gradients are compiled into programs, and the
 * engine runs them. Where what lies: ./layout.ts. What a phase is: ./phase-program.ts; what a gradient: ./gradient-program.ts.
 */
import { type Allocator, measureBytes } from '../../tensor/arena.ts';
import { controlBlock } from '../../tensor/control-block.ts';
import { featuresOf } from '../features.ts';
import {
  checkListed,
  checkSamples,
  checkSlots,
  type KernelFeature,
  type KernelSet,
  type NetworkKernels,
  ONE_LANE,
} from '../kernel-set.ts';
import { batchOf } from './batch.ts';
import { hasLinearPoolings, runsComplexOperations } from './complex-states.ts';
import { contrastsOf, type Destination } from './contrasts.ts';
import type { Engine } from './engine.ts';
import { costProgram, errorProgram, responseProgram } from './error-program.ts';
import { type Layout, layOut } from './layout.ts';
import type { Operation } from './operation.ts';
import { bufferOf, changesOf, liveTensors, readParameters, THEMSELVES, writeParameters } from './parameters.ts';
import { prepareLayout } from './preparation.ts';
import { onePass, type Purpose, type Runner, runnerOf } from './runner.ts';
import { type PhaseContext, type Stop, settlePhase } from './settling.ts';
import { splitOf } from './split.ts';
import { readStates, writeStates } from './states.ts';
import { refuseSettings, setUnits } from './unit-settings.ts';

/** What no engine does yet. */
const LACKING: readonly KernelFeature[] = ['anderson', 'adjoint', 'goodness'];

const GRADIENTS: Destination = { index: 0, copy: bufferOf(0) };
const PARAMETERS: Destination = { index: 1, copy: THEMSELVES };
const CHANGES: Destination = { index: 2, copy: changesOf };

export interface EngineTraits {
  /** Features that this engine lacks besides what all lack. */
  readonly lacking?: readonly KernelFeature[];
  /** Takes the bytes of an arena that the engine takes when it is opened; absent: none. */
  reserve?(allocator: Allocator): void;
}

export function compiledKernels(engine: Engine, { lacking = [], reserve }: EngineTraits = {}): KernelSet {
  const runsComplex = runsComplexOperations(engine);
  const lacked = new Set([...LACKING, ...lacking, ...(runsComplex ? [] : ['complex-states' as const])]);
  const set: KernelSet = {
    name: engine.name,
    elementType: engine.elementType,
    missing(network, asked) {
      const isReal = !hasLinearPoolings(network);
      const lacks = (feature: KernelFeature) => lacked.has(feature) || (isReal && feature === 'complex-states');
      return [...featuresOf(network), ...asked].filter(lacks);
    },
    predictBytes: (network, workspace) =>
      measureBytes((allocator) => {
        layOut(network, workspace, engine.elementType, allocator);
        reserve?.(allocator);
      }),
    build(network, workspace, arena, lanes = ONE_LANE) {
      const missing = set.missing(network, []);
      if (missing.length > 0) throw new RangeError(`the ${engine.name} kernels lack: ${missing.join(', ')}`);
      const layout = layOut(network, workspace, engine.elementType, arena);
      prepareLayout(layout);
      const runner = runnerOf(engine.open(arena, lanes), layout.programs);
      // A stop word in another memory is out of the engine's reach; it is looked at between phases then.
      const control = controlBlock(arena.controlledBy);
      const stopWord = arena.controlledBy === arena.memory ? control.stopWordPointer : 0;
      return operate(layout, runner, { stopWord, isAsked: () => control.stopRequest() !== 'none' }, runsComplex);
    },
  };
  return set;
}

function operate(layout: Layout, runner: Runner, stop: Stop, runsComplex: boolean): NetworkKernels {
  const { network, workspace, parameters, inputs, labels, connections, elementBytes } = layout;
  const { slots } = workspace;
  const batch = batchOf(layout, runner);
  const contrasts = contrastsOf(layout, runner, batch);
  const split = splitOf(connections, elementBytes);
  const context: PhaseContext = { layout, runner, batch, split, stop, runsComplex };
  const pass = (purpose: Purpose, key: number, compile: () => readonly Operation[]) => {
    runner.pass(
      runner.take(purpose, key, () => onePass(compile(), split)),
      batch.samples,
    );
  };
  const lacks = (feature: KernelFeature) => (): never => {
    throw new RangeError(`these kernels lack: ${feature}`);
  };

  return {
    network,
    workspace,
    inputs: inputs.values,
    labels: labels.values,
    labelStride: labels.stride,
    parameters: liveTensors(parameters),
    clamp(samples) {
      checkSamples(workspace, samples);
      batch.clamp(samples);
    },
    clampListed(samples, listed) {
      checkSamples(workspace, samples);
      checkListed(samples, listed);
      batch.clampListed(samples, listed);
    },
    clampAgain() {
      checkSamples(workspace, batch.samples);
      batch.clampAgain();
    },
    settle: (phase) => settlePhase(context, phase),
    addToGradients(contrast) {
      contrasts.add(contrast, GRADIENTS);
    },
    addToParameters(contrast, scales) {
      // Two terms read all that they need before they write; further ones would meet what these have moved.
      const isAtOnce = contrast.terms.length <= 2 && new Set(contrast.terms.map(({ weights }) => weights)).size <= 1;
      const isSafe = network.dynamics.kind !== 'prediction-error' || isAtOnce;
      if (isSafe) contrasts.add(contrast, PARAMETERS, scales);
      else addByWay(layout, (changes) => contrasts.add(contrast, changes, scales));
    },
    propagateErrors(at, into) {
      checkSlots(workspace, [at, into]);
      const { kind } = network.dynamics;
      if (kind !== 'discrete-map') throw new RangeError(`an upward sweep of ${kind} passes no errors down`);
      refuseSettings(layout, 'error propagation');
      layout.isComplex[into] = false;
      pass('errors', at * slots + into, () => errorProgram(layout, at, into));
    },
    costGradient(at, into) {
      checkSlots(workspace, [at, into]);
      layout.isComplex[into] = false;
      pass('cost', at * slots + into, () => costProgram(layout, at, into));
    },
    adjointStep: lacks('adjoint'),
    response(at, lower, upper, into) {
      checkSlots(workspace, [at, lower, upper, into]);
      refuseSettings(layout, 'a response');
      layout.isComplex[into] = false;
      const key = ((at * slots + lower) * slots + upper) * slots + into;
      pass('response', key, () => responseProgram(layout, { at, lower, upper, into }));
    },
    goodnessErrors: lacks('goodness'),
    setUnits(layer, settings) {
      setUnits(layout, layer, settings);
      runner.forget();
    },
    readStates(slot, layer) {
      const states = new Float64Array(batch.samples * layout.places[layer].units);
      readStates(layout, slot, layer, batch.samples, states);
      return states;
    },
    readStatesInto(slot, layer, into) {
      readStates(layout, slot, layer, batch.samples, into);
    },
    writeStates(slot, layer, states) {
      writeStates(layout, slot, layer, states);
    },
    readParameters: () => readParameters(parameters, THEMSELVES),
    writeParameters(values) {
      writeParameters(network, parameters, THEMSELVES, values);
    },
    readBuffer: (buffer) => readParameters(parameters, bufferOf(buffer)),
    writeBuffer(buffer, values) {
      writeParameters(network, parameters, bufferOf(buffer), values);
    },
    release: runner.close,
  };
}

/** Adds through changes that are made at the end. */
function addByWay({ parameters }: Layout, add: (changes: Destination) => void): void {
  for (const parameter of parameters) CHANGES.copy(parameter).values.fill(0);
  add(CHANGES);
  for (const parameter of parameters) {
    const { values } = CHANGES.copy(parameter);
    for (let k = 0; k < values.length; k++) parameter.values[k] += values[k];
  }
}
