/** The exports of the WebAssembly kernels. Compiled by scripts/setup.mjs into ../generated/binary.ts. */
export { contrastBiases, contrastInputWeights, contrastWeights } from './contrast';
export { driveFromInput, listInputs } from './input';
export { lastResidual, settle } from './settle';
export { transposeWeights } from './transpose';
