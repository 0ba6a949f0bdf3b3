/** Native kernels, where set-up could build them. */
export { type NativeEngines, nativeEngines } from './engines.ts';
export { type NativeKernelSets, nativeKernelSets } from './kernel-sets.ts';
