/**
 * The words of a program: operations on tensors of one arena, as the engines read them.
 *
 * One file for three languages: TypeScript writes programs by these numbers, AssemblyScript imports this very file, and
 * set-up makes the C++ header from its lines `export const NAME = number;`. ./operations.ts says what each operation means.
 *
 * An operation is OPERATION_WORDS int32 words, 8-byte aligned: its code, then words and pointers (byte addresses in the
 * arena, 0 for none), then float64 numbers, each two words wide, at even positions.
 */
/** Grows when programs written today mean something else to an engine built yesterday; a native build says which it has. */
export const ENGINE_VERSION = 1;
export const OPERATION_WORDS = 32;
/** Columns of a panel of packed weights. */
export const PANEL = 64;
/** Rows of tensors are padded to a multiple of so many columns, and buffers to so many rows. */
export const GRAIN = 16;
/** Largest number of units of a thin layer. */
export const THIN = 16;

/** Word 0 is the code, word 1 how lanes share the operation where a program runs over columns. */
export const CODE = 0;
export const SHARE = 1;
export const BY_COLUMNS = 0;
export const BY_ROWS = 1;

export const COPY = 1;
export const FILL = 2;
export const COMBINE = 3;
export const PRODUCT = 4;
export const THIN_PRODUCT = 5;
export const SPARSE_PRODUCT = 6;
export const OUTER = 7;
export const SPARSE_OUTER = 8;
export const COLUMN_SUM = 9;
export const TRANSPOSE = 10;
export const UPDATE_MAP = 11;
export const UPDATE_ENERGY = 12;
export const UPDATE_PREDICTION = 13;
export const EMIT = 14;
export const MULTIPLY_SLOPE = 15;
export const SOFTMAX = 16;
export const LIST_SAMPLES = 17;
export const LIST_COLUMNS = 18;
export const PACK = 19;
export const PLACE = 20;
export const PICK = 21;
export const SCALE_COLUMNS = 22;
export const CONVOLVE = 23;
export const POOL = 24;
export const UNCONVOLVE = 25;
export const CONVOLVE_OUTER = 26;
export const UPDATE_MAP_COMPLEX = 27;
export const SOFTMAX_COMPLEX = 28;
export const BARRIER = 29;

/** Where operands lie; an operation has those that ./operations.ts lists for it. Strides in entries, from row to row. */
export const A = 2;
export const A_STRIDE = 3;
export const B = 4;
export const B_STRIDE = 5;
export const C = 6;
export const C_STRIDE = 7;
export const D = 8;
export const D_STRIDE = 9;
export const WEIGHTS = 10;
export const OUT = 11;
export const OUT_STRIDE = 12;
export const INIT = 13;
export const INIT_STRIDE = 14;
export const GAIN = 15;
export const DEPTH = 16;
export const COLUMNS = 17;
export const ACTIVATION = 18;
export const LAYER = 19;
export const POSITIONS = 20;
export const POSITION_OFFSETS = 21;
export const TAP_OFFSETS = 22;
export const TAPS = 15;
export const INDEX = 23;
export const KIND = 24;
export const AREA = 25;
/** float64 numbers. */
export const FIRST = 26;
export const SECOND = 28;
export const THIRD = 30;

export const CLIPPED_LINE = 0;
export const LOGISTIC = 1;
export const TANH = 2;
export const HOLOMORPHIC_HARD_SIGMOID = 3;
export const IDENTITY = 4;

/** KIND of an UPDATE_MAP. */
export const NUDGE_INSIDE = 0;
export const NUDGE_OUTSIDE = 1;

/** KIND of a pooling. */
export const MAX = 0;
export const AVERAGE = 1;
export const SOFT = 2;

/** A run: what an engine is asked to do, and what it answers, 8-byte aligned. */
export const RUN_WORDS = 24;
/** Operations before the first step of a row, in every step, and after the last; pointer and number of operations. */
export const BEFORE = 0;
export const BEFORE_COUNT = 1;
export const STEP = 2;
export const STEP_COUNT = 3;
export const AFTER = 4;
export const AFTER_COUNT = 5;
export const ROWS = 6;
export const STEPS = 7;
export const LEAST_STEPS = 8;
/** OVER_ROWS: a lane takes blocks of rows through all steps. OVER_COLUMNS: all lanes take every operation together. */
export const SPLIT = 9;
export const OVER_ROWS = 0;
export const OVER_COLUMNS = 1;
export const BLOCK_ROWS = 10;
/** Pointer to an int32 that ends the run when it is not zero; 0 for none. */
export const STOP_WORD = 11;
/** float64: a step whose largest change is smaller ends the run; 0 does all steps. */
export const TOLERANCE = 12;
/** Answers. */
export const STATUS = 14;
export const DONE = 0;
export const STOPPED = 1;
export const NOT_FINITE = 2;
export const STEPS_DONE = 15;
export const BROKEN_LAYER = 16;
export const BROKEN_STEP = 17;
/** float64: the largest change of a state in the last step. */
export const CHANGE = 18;
