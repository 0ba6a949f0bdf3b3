/** The two ways into the engine: `run` for the thread that asks, `serve` for the threads that help it. */
import {
  CLOSED,
  FINISHED,
  GENERATION,
  MOST_LANES,
  NEXT_BLOCK,
  PARTICIPANT_BITS,
  PRESENT,
  RUN_POINTER,
} from '../meeting-place';
import { join, LONG_WAIT, meetingWord, SHORT_WAIT, waitWhile, wake } from './meeting';
import { answer, takePart } from './run';

/** The next generation, in which so many lanes take part. */
// @ts-ignore: decorator
@inline
function begin(place: usize, lanes: i32): void {
  const generation = meetingWord(place, GENERATION);
  const number = (atomic.load<i32>(generation) >> PARTICIPANT_BITS) + 1;
  atomic.store<i32>(generation, (number << PARTICIPANT_BITS) | lanes);
  wake(place, GENERATION);
}

/** Does what the run's words ask, together with the lanes that have come by now. Returns once all of them are done. */
export function run(place: usize, words: usize): void {
  const come = atomic.load<i32>(meetingWord(place, PRESENT)) + 1;
  const lanes = come < MOST_LANES ? come : MOST_LANES;
  atomic.store<i32>(meetingWord(place, NEXT_BLOCK), 0);
  join(place, 0, lanes);
  if (lanes > 1) {
    store<u32>(meetingWord(place, RUN_POINTER), <u32>words);
    atomic.store<i32>(meetingWord(place, FINISHED), 0);
    begin(place, lanes);
  }
  takePart(words);
  for (;;) {
    const finished = atomic.load<i32>(meetingWord(place, FINISHED));
    if (lanes == 1 || finished == lanes - 1) break;
    waitWhile(place, FINISHED, finished, SHORT_WAIT);
  }
  answer(words);
}

/** Ends the lanes: those that wait, and those still to come. */
export function close(place: usize): void {
  begin(place, CLOSED);
}

/** Helps with one run after the other until the lanes are ended. */
export function serve(place: usize): void {
  const generation = meetingWord(place, GENERATION);
  let seen = atomic.load<i32>(generation);
  const everyone = (1 << PARTICIPANT_BITS) - 1;
  if ((seen & everyone) == CLOSED) return;
  const number = atomic.add<i32>(meetingWord(place, PRESENT), 1) + 1;
  if (number >= MOST_LANES) return;
  for (;;) {
    waitWhile(place, GENERATION, seen, LONG_WAIT);
    seen = atomic.load<i32>(generation);
    const lanes = seen & everyone;
    if (lanes == CLOSED) return;
    // Who came after the run had begun is not waited for and must not touch it.
    if (number >= lanes) continue;
    join(place, number, lanes);
    takePart(<usize>load<u32>(meetingWord(place, RUN_POINTER)));
    atomic.add<i32>(meetingWord(place, FINISHED), 1);
    wake(place, FINISHED);
  }
}
