/** What a training is asked to do besides its method. */
export interface EarlyStopping {
  /** Epochs without improvement after which training ends, >= 1. */
  readonly patienceEpochs: number;
  /** Validation accuracy by which an epoch must beat the best one to count as an improvement, >= 0. */
  readonly leastImprovement: number;
}

export interface DiagnosticsOptions {
  /** After every so many epochs; 0 for none. */
  readonly everyEpochs: number;
  /** Also the cosine between the estimate and backpropagation through time, computed by the reference kernels. */
  readonly gradientCosine: boolean;
}
