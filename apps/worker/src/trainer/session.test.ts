import { validateJob } from '@settle/contracts';
import { describe, expect, it } from 'vitest';
import { preparationOf } from './session.ts';

function datasetOf(section: object) {
  const validation = validateJob({ recipe: 'convolutional-ep', dataset: { name: 'x', ...section } }, 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec.dataset;
}

describe('preparationOf', () => {
  it('leaves out what changes nothing', () => {
    expect(preparationOf(datasetOf({}))).toEqual({});
    expect(preparationOf(datasetOf({ augmentation: { crop_fill: 'edge' }, normalization: { kind: 'none' } }))).toEqual(
      {},
    );
  });

  it('carries over what does', () => {
    const section = {
      augmentation: { crop_padding: 2, flip: true },
      normalization: { kind: 'per-channel', deviation_scale: 3 },
    };
    expect(preparationOf(datasetOf(section))).toEqual({
      augmentation: { cropPadding: 2, cropFill: 'zero', flip: true },
      normalization: { kind: 'per-channel', deviationScale: 3 },
    });
  });
});
