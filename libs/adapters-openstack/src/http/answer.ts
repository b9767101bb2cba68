import { type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type Type from 'typebox';
import Schema from 'typebox/schema';
import { badAnswer } from './failure.ts';

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): unknown;
}
const compiled = new WeakMap<object, Validator>();
const validatorOf = (schema: Type.TSchema): Validator => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = Schema.Compile(schema) as Validator;
  compiled.set(schema, made);
  return made;
};

/** The body as what we read of it; anything else is CLOUD_BAD_ANSWER with the field's name. */
export const readAs = <S extends Type.TSchema>(what: string, schema: S, body: string): Outcome<Type.Static<S>, CloudFailure> => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return badAnswer(what, `not JSON: ${body.slice(0, 100).replace(/\s+/g, ' ')}`);
  }
  return checkAs(what, schema, value);
};

export const checkAs = <S extends Type.TSchema>(what: string, schema: S, value: unknown): Outcome<Type.Static<S>, CloudFailure> => {
  const v = validatorOf(schema);
  if (v.Check(value)) return ok(value as Type.Static<S>);
  const [, errors] = v.Errors(value) as [boolean, { instancePath: string; message: string }[]];
  const first = errors[0];
  const field = first === undefined || first.instancePath === '' ? '(whole)' : first.instancePath.slice(1).replaceAll('/', '.');
  return badAnswer(what, `${field}: ${first?.message ?? 'does not fit'}`);
};
