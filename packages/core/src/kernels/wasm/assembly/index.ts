/** The exports of the WebAssembly kernels. Compiled by scripts/setup.mjs into ../generated/binary.ts. */
export { close, run, serve } from './lanes';
