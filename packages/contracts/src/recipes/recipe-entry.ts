/** What the catalogue knows of a recipe. */
import type { TObject } from 'typebox';

export interface RecipeEntry {
  readonly name: string;
  readonly title: string;
  readonly citation: string;
  readonly schema: TObject;
}
