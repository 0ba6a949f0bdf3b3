/** Schemas of sections: closed, so that a misspelt field is a fault, and absent as a whole when every field has a default. */
import Type, { type TProperties, type TSchema } from 'typebox';

export const closed = <Properties extends TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description, default: {} });

/** One of several forms of an object, told apart by `kind`. */
export const form = <const Kind extends string, Properties extends TProperties>(kind: Kind, properties: Properties) =>
  Type.Object({ kind: Type.Literal(kind), ...properties }, { additionalProperties: false });

export const orNull = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { default: null, description });
