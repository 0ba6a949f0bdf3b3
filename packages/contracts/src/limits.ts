/** How large a job may be. What each bound protects is said beside it; a worker has one WebAssembly memory of 4 GiB a job. */

/** Layers of a network, the input included. */
export const MAXIMUM_LAYERS = 64;
export const MAXIMUM_SKIPS = 64;
/** Lists with one entry per connection are no longer than this. */
export const MAXIMUM_CONNECTIONS = MAXIMUM_LAYERS - 1 + MAXIMUM_SKIPS;
/** Weights of one network, all connections and feedback weights of their own together: 256 MB of float32. */
export const MAXIMUM_WEIGHTS = 64_000_000;
/** Units of all layers for one sample, and the planes of their convolutions: padded ones, and those before a pooling. */
export const MAXIMUM_UNITS = 2_000_000;
/** Batch size times units of all layers. */
export const MAXIMUM_BATCH_UNITS = 16_000_000;
/** Numbers that the states of a batch take, all phases and scratch together: 1.6 GB of float64. */
export const MAXIMUM_STATE_VALUES = 200_000_000;
/** Training samples times units, where a state is kept for each: 512 MB of float64, in every checkpoint. */
export const MAXIMUM_PERSISTENT_VALUES = 64_000_000;
/** Batches of a whole job; the store counts them in 32 bits. */
export const MAXIMUM_STEPS = 1_000_000_000;
/** Threads of one job: more than that share no batch of this size well. */
export const MAXIMUM_LANES = 16;
