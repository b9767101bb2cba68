import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, it } from 'node:test';
import { definitions } from '@lifeboat/contracts/generate/json-schema';
import { failures } from '@lifeboat/kernel';
import ts from 'typescript';
import { boundaryRules, repository, type SourceFile, sourceFiles } from './repository.ts';

const FUNCTION_LINES = 70;
const FILE_LINES = 400;
/** Longer than they may be since before this check: may only shrink. File → lines of its longest function. */
const tolerated: Readonly<Record<string, number>> = { 'libs/adapters-openstack/test-support/fake-openstack.ts': 81 };
const files = await sourceFiles();
const isSuite = (path: string) => /[.](test|contract)[.]ts$/.test(path);

/** Complaints as 'path:line what'. */
type Complaint = string;
const parsed = new WeakMap<SourceFile, ts.SourceFile>();
const parse = (f: SourceFile): ts.SourceFile => {
  const known = parsed.get(f) ?? ts.createSourceFile(f.path, f.text, ts.ScriptTarget.Latest, true);
  parsed.set(f, known);
  return known;
};
const lineOf = (f: SourceFile, position: number) => parse(f).getLineAndCharacterOfPosition(position).line + 1;
const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
};

/** A suite is a list of tests: its length is no measure of anything. */
const listsTests = (node: ts.Node): boolean => {
  let found = false;
  walk(node, (n) => {
    if (ts.isCallExpression(n) && ts.isIdentifier(n.expression) && /^(describe|it|test|suite)$/.test(n.expression.text)) found = true;
  });
  return found;
};

export const longFunctions = (f: SourceFile): Complaint[] => {
  const limit = tolerated[f.path] ?? FUNCTION_LINES;
  const complaints: Complaint[] = [];
  let longest = 0;
  walk(parse(f), (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const lines = lineOf(f, node.getEnd()) - lineOf(f, node.getStart()) + 1;
    if (lines <= FUNCTION_LINES || (isSuite(f.path) && listsTests(node))) return;
    longest = Math.max(longest, lines);
    if (lines > limit) complaints.push(`${f.path}:${lineOf(f, node.getStart())} a function of ${lines} lines (at most ${limit})`);
  });
  if (f.path in tolerated && longest < limit) complaints.push(`${f.path}: shrank to ${longest} lines: lower or remove what is tolerated`);
  return complaints;
};

export const anys = (f: SourceFile): Complaint[] => {
  const complaints: Complaint[] = [];
  walk(parse(f), (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) complaints.push(`${f.path}:${lineOf(f, node.getStart())} any`);
  });
  return complaints;
};

const linesThat = (f: SourceFile, pattern: RegExp): Complaint[] =>
  f.text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${f.path}:${i + 1} ${line.trim()}`] : []));
export const openEnds = (f: SourceFile) => linesThat(f, /(\/\/|^\s*\/?\*).*\b(TODO|FIXME|XXX)\b(?!.*#\d+)/);
export const silencers = (f: SourceFile) => [
  ...linesThat(f, /^\s*(\/\/|\/?\*+)\s*@ts-(ignore|nocheck)/),
  // in a test, an expected error is the test
  ...(isSuite(f.path) ? [] : linesThat(f, /^\s*(\/\/|\/?\*+)\s*@ts-expect-error/)),
];

describe('tidy', () => {
  it(`no function is longer than ${FUNCTION_LINES} lines`, () => assert.deepEqual(files.flatMap(longFunctions), []));
  it(`no file is longer than ${FILE_LINES} lines`, () => {
    const long = files.filter((f) => f.text.split('\n').length - 1 > FILE_LINES);
    assert.deepEqual(
      long.map((f) => f.path),
      [],
    );
  });
  it('what is left to do has an issue number', () => assert.deepEqual(files.flatMap(openEnds), []));
  it('no any', () => assert.deepEqual(files.flatMap(anys), []));
  it('no type error is silenced', () => assert.deepEqual(files.flatMap(silencers), []));

  it('these checks see what they look for', () => {
    const file = (text: string, path = 'services/a/src/x.ts') => ({ path, text });
    const long = `function f() {\n${'  f();\n'.repeat(FUNCTION_LINES)}}`;
    assert.equal(longFunctions(file(long)).length, 1);
    assert.equal(longFunctions(file(long.replace('  f();\n', ''))).length, 1);
    assert.equal(longFunctions(file(long.replace('  f();\n  f();\n', ''))).length, 0);
    assert.equal(longFunctions(file(`describe('x', () => {\n${"it('y', () => {});\n".repeat(90)}});`, 'a.test.ts')).length, 0);
    assert.equal(anys(file('const x: any[] = []; const any = 1;')).length, 1);
    const [todo, fixme] = ['TO' + 'DO', 'FIX' + 'ME'];
    assert.equal(openEnds(file(`// ${todo} later\n// ${todo} #12 later\nconst ${todo} = 1;\n/* ${fixme} */`)).length, 2);
    assert.equal(silencers(file('// @ts-ignore\n// @ts-expect-error')).length, 2);
  });
});

describe('definitions', () => {
  const built = readdirSync(join(repository, 'services'));

  it('name services that exist', () => {
    for (const d of definitions) {
      for (const s of [...d.producedBy, ...d.consumedBy]) assert.ok(built.includes(s), `${d.type} names ${s}`);
      assert.ok(d.producedBy.length > 0 && d.consumedBy.length > 0, `${d.type} is told by nobody or heard by nobody`);
    }
  });

  it('name every service that speaks of their event', () => {
    const complaints = files.flatMap((f) => {
      const service = /^services\/([^/]+)\/src\//.exec(f.path)?.[1];
      if (service === undefined || isSuite(f.path)) return [];
      const spoken = definitions.filter((d) => f.text.includes(`'${d.type}'`));
      return spoken
        .filter((d) => ![...d.producedBy, ...d.consumedBy].some((s) => s === service))
        .map((d) => `${f.path} speaks of ${d.type}, whose definition does not name ${service}`);
    });
    assert.deepEqual(complaints, []);
  });
});

describe('failure codes', () => {
  const known = Object.keys(failures);
  it('are all documented', () => {
    const page = readFileSync(join(repository, 'docs/failures.md'), 'utf8');
    for (const code of known) assert.ok(page.includes(`| \`${code}\` |`), code);
    for (const [code, f] of Object.entries(failures)) assert.ok(f.mend.length > 20, `${code} does not say what to do`);
  });
  it('in documents exist', () => {
    const looksLikeCode = new RegExp(`\\b(${[...new Set(known.map((c) => c.split('_')[0]))].join('|')})(_[A-Z]+)+\\b`, 'g');
    const pages = [
      'README.md',
      'ARCHITECTURE.md',
      ...readdirSync(join(repository, 'docs'), { recursive: true }).map((p) => `docs/${String(p)}`),
    ];
    for (const page of pages.filter((p) => p.endsWith('.md') && existsSync(join(repository, p)))) {
      for (const [code] of readFileSync(join(repository, page), 'utf8').matchAll(looksLikeCode))
        assert.ok(known.includes(code), `${page}: no such code: ${code}`);
    }
  });
});

describe('decisions', () => {
  it('are the same files to the linter and to the boundaries', () => {
    const biome = JSON.parse(readFileSync(join(repository, 'biome.json'), 'utf8')) as {
      overrides: { includes: string[]; linter: { rules: { nursery?: { noJsRestrictedProperties?: object } } } }[];
    };
    const globs = biome.overrides.find((o) => o.linter.rules.nursery?.noJsRestrictedProperties !== undefined)?.includes ?? [];
    // the last pattern that fits has the say
    const linted = (path: string) => globs.reduce((so, g) => (matchesGlob(path, g.replace(/^!/, '')) ? !g.startsWith('!') : so), false);
    const { path: all, pathNot: but } = boundaryRules.find((r) => r.name === 'decisions-are-pure')?.from ?? {};
    const bounded = (path: string) => new RegExp(all ?? '(?!)').test(path) && !new RegExp(but ?? '(?!)').test(path);
    const made = ['decide.ts', 'decide/b.ts', 'survey.ts', 'main.ts', 'perform/a.ts', 'world.ts', 'state.test.ts'];
    const names = [...files.map((f) => f.path), ...made.flatMap((m) => [`services/a/src/${m}`, `services/agent/src/${m}`])];
    for (const path of names) assert.equal(bounded(path), linted(path), path);
    assert.ok(bounded('services/a/src/survey.ts') && bounded('services/agent/src/decide/b.ts') && !bounded('services/agent/src/survey.ts'));
  });
});
