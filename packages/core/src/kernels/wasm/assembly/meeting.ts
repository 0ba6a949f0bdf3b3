/**
 * How lanes meet: a barrier, and the wait of helping lanes between runs.
 *
 * Waiting lanes look at a word for a while and then sleep, so that few microseconds cost no system call and a long wait no
 * processor. Whoever changes a word wakes sleepers where there are any. All accesses are sequentially consistent: a lane
 * counts itself among the sleepers before it looks for the last time, so that either it sees the change or it is woken.
 */
import {
  ARRIVED,
  FAILED,
  OPENED,
  REPORT_WORDS,
  REPORTS,
  SCRATCH,
  SCRATCH_WORDS,
  SLEEPERS,
} from '../meeting-place';

/**
 * Sleeps while the int32 at `address` is `value`, until woken or for half a second; wakes all who sleep there. The host does
 * both: not yet optimized code of V8 11 loses local variables over the instruction that waits.
 */
// @ts-ignore: decorator
@external("env", "sleep")
declare function sleepAt(address: usize, value: i32): void;
// @ts-ignore: decorator
@external("env", "wake")
declare function wakeAt(address: usize): void;

/** Looks before a lane sleeps: some tens of microseconds at a barrier, some hundreds between runs. */
export const SHORT_WAIT: i32 = 20_000;
export const LONG_WAIT: i32 = 200_000;

/** Where this lane is: set once a run. */
let meeting: usize = 0;
let lane: i32 = 0;
export let lanes: i32 = 1;

export function join(place: usize, number: i32, count: i32): void {
  meeting = place;
  lane = number;
  lanes = count;
}

// @ts-ignore: decorator
@inline
export function meetingWord(place: usize, word: i32): usize {
  return place + ((<usize>word) << 2);
}

/** Returns once the int32 at `word` is not `value` any more. */
export function waitWhile(place: usize, word: i32, value: i32, looks: i32): void {
  const address = meetingWord(place, word);
  for (let look = 0; look < looks; look++) {
    if (atomic.load<i32>(address) != value) return;
  }
  const sleepers = meetingWord(place, SLEEPERS);
  atomic.add<i32>(sleepers, 1);
  while (atomic.load<i32>(address) == value) {
    sleepAt(address, value);
    // Every now and then a sleeping lane looks whether another has broken down.
    if (atomic.load<i32>(meetingWord(place, FAILED)) != 0) unreachable();
  }
  atomic.sub<i32>(sleepers, 1);
}

/** To be called after a change of the word. */
export function wake(place: usize, word: i32): void {
  if (atomic.load<i32>(meetingWord(place, SLEEPERS)) > 0) wakeAt(meetingWord(place, word));
}

/** Returns once all lanes of the run have come here. */
export function barrier(): void {
  if (lanes == 1) return;
  const opened = atomic.load<i32>(meetingWord(meeting, OPENED));
  if (atomic.add<i32>(meetingWord(meeting, ARRIVED), 1) + 1 < lanes) {
    waitWhile(meeting, OPENED, opened, SHORT_WAIT);
    return;
  }
  atomic.store<i32>(meetingWord(meeting, ARRIVED), 0);
  atomic.add<i32>(meetingWord(meeting, OPENED), 1);
  wake(meeting, OPENED);
}

/** A report of a lane; two take turns, so that one may be written while others still read the one before. */
// @ts-ignore: decorator
@inline
export function reportOf(number: i32, turn: i32): usize {
  return meetingWord(meeting, REPORTS + (2 * number + (turn & 1)) * REPORT_WORDS);
}

/** This lane's own report. */
// @ts-ignore: decorator
@inline
export function ownReport(turn: i32): usize {
  return reportOf(lane, turn);
}

// @ts-ignore: decorator
@inline
export function ownScratch(): usize {
  return meetingWord(meeting, SCRATCH + lane * SCRATCH_WORDS);
}

// @ts-ignore: decorator
@inline
export function ownNumber(): i32 {
  return lane;
}

// @ts-ignore: decorator
@inline
export function sharedWord(word: i32): usize {
  return meetingWord(meeting, word);
}
