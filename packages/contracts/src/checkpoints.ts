/** Checkpoints as the API lists them; the content is a safetensors file. */
import Type, { type Static } from 'typebox';

export const Checkpoint = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('checkpoint'),
    job: Type.String(),
    attempt: Type.Integer(),
    epoch: Type.Integer({ description: 'Whole epochs done.' }),
    step: Type.Integer({ description: 'Batches done.' }),
    metrics: Type.Record(Type.String(), Type.Number()),
    format: Type.Literal('safetensors'),
    size_bytes: Type.Integer(),
    sha256: Type.String(),
    created_at: Type.String(),
  },
  { $id: 'Checkpoint' },
);
export type Checkpoint = Static<typeof Checkpoint>;

export const CheckpointList = Type.Object({ data: Type.Array(Checkpoint) }, { $id: 'CheckpointList' });
export type CheckpointList = Static<typeof CheckpointList>;
