import { type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type Type from 'typebox';
import { badAnswer } from '../http/failure.ts';
import type { Pin } from '../microversion.ts';
import type { Query, Service } from '../service.ts';

export interface PageQuery {
  readonly path: string;
  readonly query: Query;
  readonly version: Pin;
  readonly signal: AbortSignal;
}
type Links = readonly { readonly rel: string; readonly href: string }[] | undefined;

/** A page's size: Nova cuts it to its own [api]max_limit, so a short page is not the last one. */
const PAGE = 1000;
const MAX_PAGES = 2000;

/**
 * All pages by marker. Only the marker of a 'next' link is used: behind a proxy its host is often not the one we may call.
 * A marker that was deleted meanwhile is refused by Nova; then all is read again from the start.
 */
export const allPages = async <S extends Type.TSchema, Row>(
  service: Service,
  q: PageQuery,
  schema: S,
  rowsOf: (page: Type.Static<S>) => { readonly rows: readonly Row[]; readonly links: Links },
): Promise<Outcome<readonly Row[], CloudFailure>> => {
  for (let attempt = 1; ; attempt++) {
    const outcome = await onePass(service, q, schema, rowsOf);
    if (outcome.ok || attempt === 3 || outcome.code !== 'CLOUD_REFUSED' || !/marker/i.test(outcome.detail)) return outcome;
  }
};

const onePass = async <S extends Type.TSchema, Row>(
  service: Service,
  q: PageQuery,
  schema: S,
  rowsOf: (page: Type.Static<S>) => { readonly rows: readonly Row[]; readonly links: Links },
): Promise<Outcome<readonly Row[], CloudFailure>> => {
  const all: Row[] = [];
  const seen = new Set<string>();
  let marker: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const read = await service.read(schema, { ...q, query: { ...q.query, limit: PAGE, marker } });
    if (!read.ok) return read;
    const { rows, links } = rowsOf(read.value);
    all.push(...rows);
    const next = links?.find((l) => l.rel === 'next')?.href;
    if (next === undefined) return ok(all);
    const to = URL.canParse(next, 'http://nova') ? new URL(next, 'http://nova').searchParams.get('marker') : null;
    if (to === null || seen.has(to))
      return badAnswer(`GET ${service.type}${q.path}`, `the link to the next page leads nowhere new: ${next}`);
    seen.add(to);
    marker = to;
  }
  return badAnswer(`GET ${service.type}${q.path}`, `more than ${MAX_PAGES} pages`);
};

/** Server groups have no marker: by offset, until a page is empty. */
export const allByOffset = async <S extends Type.TSchema, Row extends { readonly id: string }>(
  service: Service,
  q: PageQuery,
  schema: S,
  rowsOf: (page: Type.Static<S>) => readonly Row[],
): Promise<Outcome<readonly Row[], CloudFailure>> => {
  const all = new Map<string, Row>();
  for (let offset = 0, page = 0; page < MAX_PAGES; page++) {
    const read = await service.read(schema, { ...q, query: { ...q.query, limit: PAGE, offset } });
    if (!read.ok) return read;
    const rows = rowsOf(read.value);
    if (rows.length === 0) return ok([...all.values()]);
    for (const row of rows) all.set(row.id, row);
    offset += rows.length;
  }
  return badAnswer(`GET ${service.type}${q.path}`, `more than ${MAX_PAGES} pages`);
};
