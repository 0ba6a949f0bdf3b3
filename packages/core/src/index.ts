/** The public surface of the numerics. */
export { SafetensorsError } from './checkpoints/safetensors.ts';
export { type Dataset, firstSamples } from './datasets/dataset.ts';
export { datasetFromIdx } from './datasets/idx.ts';
export type { Nudging } from './estimators/equilibrium-propagation.ts';
export type { ActivationName, KernelSet } from './kernels/kernel-set.ts';
export { referenceKernels } from './kernels/reference/reference-kernels.ts';
export { wasmKernels } from './kernels/wasm/wasm-kernels.ts';
export { type EpSettings, epRecipe } from './recipes/equilibrium-propagation.ts';
export { type Method, methodFrom } from './recipes/method.ts';
export { type PrototypicalEpSettings, prototypicalEpRecipe } from './recipes/prototypical-equilibrium-propagation.ts';
export { type ArenaMemory, createArenaMemory, openArena } from './tensor/arena.ts';
export { type ControlBlock, controlBlock, type StopRequest } from './tensor/control-block.ts';
export { type Checkpoint, decodeCheckpoint } from './training/checkpoint.ts';
export { type Evaluation, evaluate } from './training/evaluate.ts';
export type { EpochMetrics, TrainingEvent, TrainingOutcome } from './training/events.ts';
export { openSession, type SessionOptions, sessionBytes } from './training/session.ts';
