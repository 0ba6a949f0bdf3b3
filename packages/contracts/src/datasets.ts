/** Datasets as the API lists them, and the shape of their parts in the blob store. */
import Type, { type Static } from 'typebox';

export const Dataset = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('dataset'),
    name: Type.String(),
    built_in: Type.Boolean({ description: 'True where every project may read it.' }),
    features: Type.Integer(),
    classes: Type.Integer(),
    train_samples: Type.Integer(),
    test_samples: Type.Integer(),
    created_at: Type.String(),
  },
  { $id: 'Dataset' },
);
export type Dataset = Static<typeof Dataset>;

export const DatasetList = Type.Object({ data: Type.Array(Dataset) }, { $id: 'DatasetList' });
export type DatasetList = Static<typeof DatasetList>;
