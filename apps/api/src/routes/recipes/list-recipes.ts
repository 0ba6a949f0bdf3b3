/** GET /v1/recipes: what a job can name, with the schema of each, defaults included. */
import { Problem, RECIPE_NAMES, RECIPES, submissionSchema } from '@settle/contracts';
import Type from 'typebox';
import type { RouteModule } from '../route-module.ts';

const RecipeList = Type.Object({
  data: Type.Array(
    Type.Object({
      name: Type.String(),
      object: Type.Literal('recipe'),
      title: Type.String(),
      citation: Type.String(),
      schema: Type.Unknown({ description: 'JSON Schema of the body of POST /v1/jobs for this recipe.' }),
    }),
  ),
});

export const listRecipesRoute: RouteModule = (app) => {
  app.get(
    '/v1/recipes',
    {
      schema: {
        operationId: 'listRecipes',
        summary: 'List the recipes that a job can name',
        tags: ['recipes'],
        response: { 200: RecipeList, 401: Problem },
      },
    },
    async () => ({
      data: RECIPE_NAMES.map((name) => {
        const { title, citation, schema } = RECIPES[name];
        return { name, object: 'recipe' as const, title, citation, schema: submissionSchema(schema) };
      }),
    }),
  );
};
