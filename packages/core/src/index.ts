/** The public surface of the numerics. */
export type { ActivationName } from './activations/catalogue.ts';
export { SafetensorsError } from './checkpoints/safetensors.ts';
export type { Augmentation } from './datasets/augmentation.ts';
export { clampBatch } from './datasets/batches.ts';
export { CIFAR10_CLASSES, CIFAR10_SHAPE, parseCifar10 } from './datasets/cifar10.ts';
export { type Dataset, firstSamples, type ListedSamples } from './datasets/dataset.ts';
export { type GeneratedOptions, generatedDataset } from './datasets/generated.ts';
export { datasetFromIdx, encodeIdx, parseIdx } from './datasets/idx.ts';
export { listedBytes, listSamples, withLists } from './datasets/listed-samples.ts';
export type { Normalization } from './datasets/normalization.ts';
export { type DataPreparation, presentationsOf } from './datasets/presentation.ts';
export { splitDataset } from './datasets/split.ts';
export type { GradientEstimator } from './estimators/gradient-estimator.ts';
export { compiledKernels } from './kernels/compiled/compiled-kernels.ts';
export type { Engine, OpenEngine } from './kernels/compiled/engine.ts';
export * as mapOperations from './kernels/compiled/map-operations.ts';
export * as operation from './kernels/compiled/operation.ts';
export * as operations from './kernels/compiled/operations.ts';
export * as words from './kernels/compiled/words.ts';
export { ENGINE_VERSION } from './kernels/compiled/words.ts';
export {
  type KernelSet,
  type KernelSetName,
  type LaneService,
  type Lanes,
  type NetworkKernels,
  ONE_LANE,
  type Phase,
  type Slot,
  type Workspace,
} from './kernels/kernel-set.ts';
export { convolvedShape, denseChain, type NetworkDescription, unitsOf } from './kernels/network.ts';
export { referenceKernels } from './kernels/reference/reference-kernels.ts';
export { serveLane } from './kernels/wasm/lanes.ts';
export { wasmEngine } from './kernels/wasm/wasm-engine.ts';
export { wasmKernels } from './kernels/wasm/wasm-kernels.ts';
export { type InitializationDescription, initialParameters } from './models/initialization.ts';
export type { LayerSettings, NetworkSettings, SkipSettings } from './models/network-structure.ts';
export { optimizerFrom } from './optimizers/catalogue.ts';
export type { Optimizer } from './optimizers/optimizer.ts';
export type {
  Clipping,
  LearningRates,
  OptimizerDescription,
  RateSchedule,
  UpdateRule,
} from './optimizers/optimizer-description.ts';
export { type AgnosticEpSettings, agnosticEpRecipe } from './recipes/agnostic-ep.ts';
export { backpropagationRecipe } from './recipes/backpropagation.ts';
export {
  type BackpropagationThroughTimeSettings,
  backpropagationThroughTimeRecipe,
} from './recipes/backpropagation-through-time.ts';
export { type BinaryEpSettings, binaryEpRecipe } from './recipes/binary-ep.ts';
export { type ContinualEpSettings, continualEpRecipe } from './recipes/continual-ep.ts';
export { type ContrastiveLearningSettings, contrastiveLearningRecipe } from './recipes/contrastive-learning.ts';
export { type ConvolutionalEpSettings, convolutionalEpRecipe } from './recipes/convolutional-ep.ts';
export { type CoupledLearningSettings, coupledLearningRecipe } from './recipes/coupled-learning.ts';
export { type EpSettings, epRecipe } from './recipes/ep.ts';
export { feedbackAlignmentRecipe } from './recipes/feedback-alignment.ts';
export { type ForwardForwardSettings, forwardForwardRecipe } from './recipes/forward-forward.ts';
export { type HolomorphicEpSettings, holomorphicEpRecipe } from './recipes/holomorphic-ep.ts';
export { type HopfieldResnetEpSettings, hopfieldResnetEpRecipe } from './recipes/hopfield-resnet-ep.ts';
export { chooseKernels, type Method, methodFrom } from './recipes/method.ts';
export type {
  InitialStates,
  MethodDescription,
  MethodSettings,
  SettlingDescription,
} from './recipes/method-description.ts';
export { type NonReciprocalEpSettings, nonReciprocalEpRecipe } from './recipes/non-reciprocal-ep.ts';
export { type PredictiveCodingSettings, predictiveCodingRecipe } from './recipes/predictive-coding.ts';
export { type PrototypicalEpSettings, prototypicalEpRecipe } from './recipes/prototypical-ep.ts';
export { type Arena, type ArenaMemory, createArenaMemory, openArena } from './tensor/arena.ts';
export { type ControlBlock, controlBlock, type StopRequest } from './tensor/control-block.ts';
export { permutation, randomStream } from './tensor/random.ts';
export { type Checkpoint, decodeCheckpoint } from './training/checkpoint.ts';
export { type Evaluation, evaluate } from './training/evaluate.ts';
export type { BestEpoch, Divergence, EpochMetrics, TrainingEvent, TrainingOutcome } from './training/events.ts';
export type { DiagnosticsOptions, EarlyStopping } from './training/options.ts';
export { openSession, type SessionOptions, sessionBytes, sessionCarriedBytes } from './training/session.ts';
export { type AgreementOptions, unrolledAgreement } from './training/unrolled-agreement.ts';
