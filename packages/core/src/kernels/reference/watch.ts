/**
 * Lets long operations give up in the middle of a relaxation step once a stop is asked for. A convolution of a large batch
 * takes minutes here, and nobody waits as long for a cancel. What they leave behind is not to be used.
 */
import type { ControlBlock } from '../../tensor/control-block.ts';

export interface Watch {
  /** Armed within phases that may be interrupted, and only there. */
  isArmed: boolean;
  isStopping(): boolean;
}

export function watchOver(control: ControlBlock): Watch {
  const watch: Watch = {
    isArmed: false,
    isStopping: () => watch.isArmed && control.stopRequest() !== 'none',
  };
  return watch;
}

/** For laying out without running anything. */
export const UNWATCHED: Watch = { isArmed: false, isStopping: () => false };
