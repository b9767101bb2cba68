import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');

interface BoundaryRule {
  readonly name: string;
  readonly comment: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
}
const cruiserConfig = (await import(join(repository, '.dependency-cruiser.mjs'))) as { default: { forbidden: BoundaryRule[] } };
export const boundaryRules: readonly BoundaryRule[] = cruiserConfig.default.forbidden;

export interface SourceFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of ours. */
export async function sourceFiles(): Promise<SourceFile[]> {
  const paths: string[] = [];
  const skipped = (name: string) => name === 'node_modules' || name === '.lifeboat';
  for await (const path of glob('{services,libs,deploy,test}/**/*.ts', { cwd: repository, exclude: skipped })) paths.push(path);
  return paths.sort().map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }));
}
