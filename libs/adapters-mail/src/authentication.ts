import type { InboundAnswer } from '@lifeboat/ports';

type Verdict = InboundAnswer['authentication'];
interface Method {
  readonly method: string;
  readonly result: string;
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * Whether the operator's own mail server found the sender to be who it says: RFC 8601. `headers`: all Authentication-Results of
 * a mail, topmost first. Anyone can write such a line, so only those of `server` count, and of those the topmost, which it
 * wrote itself. `from`: the address in the mail.
 */
export function authenticationOf(headers: readonly string[], server: string | undefined, from: string): Verdict {
  if (server === undefined) return 'none';
  const own = headers.map(parse).find((h) => h.server === server.toLowerCase());
  if (own === undefined) return 'none';
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const all = (method: string) => own.methods.filter((m) => m.method === method);
  // DMARC has the last word where there is one: it is what binds the other two to the address people see.
  for (const { result } of all('dmarc')) if (result === 'pass' || result === 'fail') return result;
  const aligned = (of: string | undefined) => of !== undefined && sameOrganisation(of.slice(of.lastIndexOf('@') + 1), domain);
  const proven =
    all('dkim').some((m) => m.result === 'pass' && aligned(m.properties.get('header.d') ?? m.properties.get('header.i'))) ||
    all('spf').some((m) => m.result === 'pass' && aligned(m.properties.get('smtp.mailfrom'))) ||
    all('auth').some((m) => m.result === 'pass');
  if (proven) return 'pass';
  return own.methods.some((m) => ['dkim', 'spf'].includes(m.method) && /fail$/.test(m.result)) ? 'fail' : 'none';
}

/** The same domain, or one below the other; 'org' is nobody's. */
const sameOrganisation = (a: string, b: string): boolean =>
  a === b || (b.includes('.') && a.endsWith(`.${b}`)) || (a.includes('.') && b.endsWith(`.${a}`));

/** mx.example.org; dkim=pass (good) header.d=example.org; spf=pass smtp.mailfrom=li@example.org */
function parse(header: string): { server: string; methods: readonly Method[] } {
  const [first = '', ...rest] = withoutComments(header).toLowerCase().split(';');
  const methods = rest.flatMap((text) => {
    const [what = '', ...properties] = text.trim().split(/\s+/);
    const m = /^([a-z0-9-]+)=([a-z0-9-]+)$/.exec(what);
    if (m === null) return [];
    const pairs = properties.map((p) => [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1).replace(/^"|"$/g, '')] as const);
    return [{ method: m[1] ?? '', result: m[2] ?? '', properties: new Map(pairs) }];
  });
  return { server: first.trim().split(/\s/)[0] ?? '', methods };
}

/** Comments may hold anything, '; dkim=pass' too; they nest. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = '';
  for (const c of text) {
    if (c === '(') depth += 1;
    else if (c === ')' && depth > 0) depth -= 1;
    else if (depth === 0) kept += c;
  }
  return kept;
}
