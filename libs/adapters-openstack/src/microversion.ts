import { failed, type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import Type from 'typebox';
import { readAs } from './http/answer.ts';
import { badAnswer } from './http/failure.ts';

/** 2.93 is [2, 93]. */
export type Version = readonly [number, number];
export interface Range {
  readonly least: Version;
  readonly most: Version;
}
/** `best` is what the call was written for, `least` what it can do with. */
export interface Pin {
  readonly best: Version;
  readonly least: Version;
}
export const at = ([major, minor]: Version): string => `${major}.${minor}`;
const older = (a: Version, b: Version): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** The version to speak: the newest that both know. */
export const pinned = (what: string, type: string, range: Range, pin: Pin): Outcome<Version, CloudFailure> => {
  const version = older(range.most, pin.best) ? range.most : pin.best;
  if (older(version, pin.least))
    return failed(
      'CLOUD_REFUSED',
      `${what}: needs ${type} microversion ${at(pin.least)}, the server speaks at most ${at(range.most)}; upgrade it`,
    );
  if (older(version, range.least))
    return failed(
      'CLOUD_REFUSED',
      `${what}: was written for ${type} microversion ${at(pin.best)}, the server speaks ${at(range.least)} and newer; upgrade Lifeboat`,
    );
  return ok(version);
};

const VersionSchema = Type.Object({
  id: Type.String(),
  min_version: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  max_version: Type.Optional(Type.String()),
});
/** An endpoint tells one version (v2.1) or the list of them (at the root). */
const RangeSchema = Type.Object({ version: Type.Optional(VersionSchema), versions: Type.Optional(Type.Array(VersionSchema)) });
const major: Readonly<Record<string, string>> = { compute: 'v2.1', placement: 'v1.0' };

export const readRange = (
  what: string,
  type: string,
  root: string,
  body: string,
): Outcome<{ base: string; range: Range }, CloudFailure> => {
  const read = readAs(what, RangeSchema, body);
  if (!read.ok) return read;
  const wanted = major[type] ?? '';
  const own = read.value.version;
  const one = own ?? read.value.versions?.find((v) => v.id === wanted);
  if (one === undefined || one.id !== wanted)
    return badAnswer(
      what,
      `offers ${own?.id ?? (read.value.versions?.map((v) => v.id).join(', ') || 'no version')}, not ${wanted}; see ${type}_endpoint_override`,
    );
  const least = parse(one.min_version);
  const most = parse(one.version || one.max_version);
  if (least === undefined || most === undefined)
    return badAnswer(what, `version.min_version, version.version: '${one.min_version}', '${one.version}' are no microversions`);
  // Placement has no version in its paths; Nova's list of versions stands above /v2.1
  const base = type === 'compute' && own === undefined ? `${root}/${wanted}` : root;
  return ok({ base, range: { least, most } });
};

const parse = (text: string | undefined): Version | undefined => {
  const m = /^(\d+)\.(\d+)$/.exec(text ?? '');
  return m === null ? undefined : [Number(m[1]), Number(m[2])];
};
