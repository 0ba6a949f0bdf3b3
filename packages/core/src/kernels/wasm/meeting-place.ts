/**
 * Where lanes meet, in words of the arena: read by TypeScript and AssemblyScript alike.
 *
 * Words that different lanes write lie 64 bytes apart, so that no lane takes a cache line from another that it does not want.
 */

/** Lanes at most, the caller among them. */
export const MOST_LANES = 16;

/** Changes with every run; its low bits say how many lanes take part, or that it was the last. */
export const GENERATION = 0;
export const PARTICIPANT_BITS = 5;
export const CLOSED = 31;
/** Address of the run's words. */
export const RUN_POINTER = 16;
/** Lanes that have come, beside the caller. */
export const PRESENT = 32;
/** Lanes that are done with the run, beside the caller. */
export const FINISHED = 48;
/** Lanes that wait at the barrier, and how often it has opened. */
export const ARRIVED = 64;
export const OPENED = 80;
/** Number of the next block of rows that nobody has taken. */
export const NEXT_BLOCK = 96;
/** Lanes that sleep and must be woken. */
export const SLEEPERS = 112;
/** Not 0 once a lane has broken down: the others must not wait for it. */
export const FAILED = 128;
/** What each lane has to report: two reports of so many words, written in turn. */
export const REPORTS = 256;
export const REPORT_WORDS = 16;
/** Room of each lane for lists that it makes on its way. */
export const SCRATCH = 768;
export const SCRATCH_WORDS = 4096;

export const MEETING_WORDS = 66304;
