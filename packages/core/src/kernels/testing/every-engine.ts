/** The engines that this machine has, for tests of what all of them owe. */
import type { Engine } from '../compiled/engine.ts';
import { wasmEngine } from '../wasm/wasm-engine.ts';
import { nativeEngines } from './native-engines.ts';

export const ENGINES: readonly Engine[] = [wasmEngine, ...nativeEngines];
