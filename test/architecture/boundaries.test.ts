import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { boundaryRules, repository } from './repository.ts';

/** Each breaks the rule it is filed under, and is as small as can be. */
const violations: Record<string, Record<string, string>> = {
  'decisions-are-pure': {
    'services/a/src/decide.ts': "import { readFileSync } from 'node:fs';",
    'services/a/src/decide/hosts.ts': "import { bus } from '../../../../libs/ports/src/fine.ts';",
    'services/a/src/diagnose-rack.ts': "export * from '../../../libs/adapters-x/src/fine.ts';",
    'libs/planner/src/search.ts': "export const late = () => import('node:timers');",
    'libs/contracts/src/clock.ts': "import { type Stats, statSync } from 'node:fs';",
  },
  'decisions-know-no-shell': {
    'services/a/src/state.ts': "import { world } from './world.ts';",
    'services/a/src/survey.ts': "export * from './perform/evacuate.ts';",
  },
  'the-shell-does-no-io': { 'libs/runtime/src/shell/reign.ts': "import { readFileSync } from 'node:fs';" },
  'only-kernel-hashes': { 'services/a/src/plan.ts': "import { randomUUID } from 'node:crypto';" },
  'kernel-stands-alone': { 'libs/kernel/src/bad.ts': "import type { x } from '../../contracts/src/fine.ts';" },
  'contracts-know-only-the-kernel': { 'libs/contracts/src/bad.ts': "import type { x } from '../../planner/src/fine.ts';" },
  'planner-stays-below': { 'libs/planner/src/bad.ts': "import type { x } from '../../ports/src/fine.ts';" },
  'services-are-strangers': { 'services/a/src/main.ts': "import type { x } from '../../b/src/fine.ts';" },
  'nothing-imports-services': { 'libs/observe/src/bad.ts': "import { x } from '../../../services/b/src/fine.ts';" },
  'kafkajs-has-one-importer': { 'libs/runtime/src/kafka.ts': "import type { Kafka } from 'kafkajs';" },
  'ioredis-has-one-importer': { 'services/a/src/perform/redis.ts': "import { Redis } from 'ioredis';" },
  'zookeeper-has-one-importer': { 'libs/adapters-x/src/zookeeper.ts': "export const z = () => import('zookeeper');" },
  'nodemailer-has-one-importer': { 'services/b/src/perform/mail.ts': "import mail from 'nodemailer';" },
  'imapflow-has-one-importer': { 'services/b/src/perform/imap.ts': "import { ImapFlow } from 'imapflow';" },
  'mailparser-has-one-importer': { 'services/b/src/perform/mime.ts': "import { simpleParser } from 'mailparser';" },
  'smpp-has-one-importer': { 'services/b/src/perform/smpp.ts': "import smpp from 'smpp';" },
  'answers-stand-alone': { 'libs/answers/src/bad.ts': "import type { x } from '../../kernel/src/fine.ts';" },
  'twilio-has-one-importer': { 'services/b/src/perform/sms.ts': "import twilio from 'twilio';" },
  'ports-know-no-adapters': { 'libs/ports/src/bad.ts': "import type { x } from '../../adapters-x/src/fine.ts';" },
  'adapters-serve-ports': { 'libs/adapters-x/src/bad.ts': "import { x } from '../../runtime/src/fine.ts';" },
  'adapters-are-strangers': { 'libs/adapters-x/src/neighbour.ts': "import { x } from '../../adapters-y/src/fine.ts';" },
  'runtime-has-no-favourites': { 'libs/runtime/src/bad.ts': "import { x } from '../../adapters-x/src/fine.ts';" },
  'world-is-simulated': { 'services/a/src/perform/world.ts': "import { x } from '../../../../libs/world/src/fine.ts';" },
  'production-knows-no-tests': { 'libs/runtime/src/suite.ts': "import { x } from '../../ports/src/bus.contract.ts';" },
  'no-cycles': { 'libs/observe/src/one.ts': "import { two } from './two.ts';" },
  'imports-are-declared': { 'libs/runtime/src/undeclared.ts': "import { ajv } from 'ajv';" },
  'imports-resolve': { 'libs/runtime/src/missing.ts': "import { x } from './nowhere.ts';" },
};

/** What the violations lean on. */
const neighbours: Record<string, string> = {
  'libs/observe/src/two.ts': "import { one } from './one.ts';",
  'libs/ports/src/bus.contract.ts': 'export {};',
  'services/a/src/world.ts': 'export {};',
  'services/a/src/perform/evacuate.ts': 'export {};',
};

/** What the same places may do: nothing here may be complained of. */
const allowed: Record<string, string> = {
  'services/c/src/decide.ts':
    "import { x } from '../../../libs/kernel/src/fine.ts'; import { y } from '../../../libs/planner/src/fine.ts'; import type { z } from '../../../libs/ports/src/fine.ts'; import { s } from './state.ts';",
  'services/c/src/state.ts': "import { x } from '../../../libs/contracts/src/fine.ts'; import type { decide } from './decide.ts';",
  'services/c/src/main.ts':
    "import { decide } from './decide.ts'; import { x } from '../../../libs/adapters-x/src/fine.ts'; import { r } from '../../../libs/runtime/src/fine.ts';",
  'services/c/src/decide.test.ts': "import { test } from 'node:test'; import { decide } from './decide.ts';",
  'libs/kernel/src/identifiers.ts': "import { createHash } from 'node:crypto';",
  'libs/adapters-kafka/src/bus.ts': "import { Kafka } from 'kafkajs'; import { x } from '../../ports/src/fine.ts';",
  'deploy/embedded/src/main.ts':
    "import { x } from '../../../services/b/src/fine.ts'; import { w } from '../../../libs/world/src/fine.ts';",
  'test/contract/bus.test.ts': "import { x } from '../../libs/ports/src/bus.contract.ts';",
};
const bystanders = [
  'services/b',
  'libs/kernel',
  'libs/contracts',
  'libs/planner',
  'libs/answers',
  'libs/ports',
  'libs/runtime',
  'libs/world',
  'libs/adapters-x',
  'libs/adapters-y',
];
const packages = ['kafkajs', 'ioredis', 'zookeeper', 'nodemailer', 'imapflow', 'mailparser', 'twilio', 'smpp', 'ajv'];

interface Found {
  readonly rule: string;
  readonly from: string;
}

describe('boundaries', () => {
  let tree = '';
  let found: readonly Found[] = [];

  before(async () => {
    tree = await mkdtemp(join(tmpdir(), 'lifeboat-boundaries-'));
    const write = async (path: string, text: string) => {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    };
    for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'tsconfig.base.json'])
      await cp(join(repository, name), join(tree, name));
    await write(
      'package.json',
      JSON.stringify({ dependencies: Object.fromEntries(packages.filter((p) => p !== 'ajv').map((p) => [p, '1'])) }),
    );
    await Promise.all(packages.map((p) => write(`node_modules/${p}/index.js`, '')));
    await symlink(join(repository, 'node_modules/typescript'), join(tree, 'node_modules/typescript'));
    await Promise.all(bystanders.map((b) => write(`${b}/src/fine.ts`, 'export {};')));
    for (const files of [...Object.values(violations), neighbours, allowed])
      for (const [path, text] of Object.entries(files)) await write(path, text);
    found = await cruise(tree);
  });
  after(() => rm(tree, { recursive: true, force: true }));

  for (const [rule, files] of Object.entries(violations)) {
    it(`refuses what breaks ${rule}`, () => {
      for (const file of Object.keys(files))
        assert.ok(
          found.some((f) => f.rule === rule && f.from === file),
          `${file} passed`,
        );
    });
  }

  it('lets through what is allowed', () => {
    assert.deepEqual(
      found.filter((f) => f.from in allowed),
      [],
    );
  });

  it('tries every rule, and every rule says why', () => {
    assert.deepEqual(Object.keys(violations).sort(), boundaryRules.map((r) => r.name).sort());
    for (const r of boundaryRules) assert.ok(r.comment.length > 40, `${r.name} has no reason`);
  });
});

async function cruise(directory: string): Promise<readonly Found[]> {
  const depcruise = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const json = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [depcruise, 'services', 'libs', 'deploy', 'test', '--output-type', 'json'],
      { cwd: directory, maxBuffer: 1e8, timeout: 60_000 },
      (error, out, complaints) => {
        // it ends with an error when rules are broken, and those are what we came for
        if (out.startsWith('{')) resolve(out);
        else reject(new Error(`dependency-cruiser: ${complaints || out}`, { cause: error }));
      },
    );
  });
  const { summary } = JSON.parse(json) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return summary.violations.map((v) => ({ rule: v.rule.name, from: v.from }));
}
