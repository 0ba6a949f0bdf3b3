/**
 * Settings of a network that is swept once instead of settling.
 */
import type { MethodSettings } from './method-description.ts';

export function sweptUpwards(settings: MethodSettings): MethodSettings {
  return {
    ...settings,
    settling: {
      freeSchedule: 'feed-forward',
      schedule: 'feed-forward',
      freeSteps: 1,
      nudgedSteps: 1,
      tolerance: 0,
      initialStates: 'zeros',
    },
  };
}
