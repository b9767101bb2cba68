import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { usualPorts } from './servers.ts';
import { complaintsIn, environmentOf, firstPort, serversOf } from './services.ts';

describe('the services of this machine', () => {
  it('are told what stands in the config folder: settings for all, for one, and the files beside them', () => {
    const config = mkdtempSync(join(tmpdir(), 'lifeboat-config-'));
    try {
      writeFileSync(join(config, 'lifeboat.env'), 'LIFEBOAT_LOG_LEVEL=info\nLIFEBOAT_SESSION_MS=4000\n');
      writeFileSync(join(config, 'notifier.env'), 'LIFEBOAT_LOG_LEVEL=debug\n');
      const of = (name: 'notifier' | 'scheduler') => environmentOf(name, config, serversOf(usualPorts, config));
      assert.equal(of('notifier').LIFEBOAT_LOG_LEVEL, 'debug');
      assert.equal(of('scheduler').LIFEBOAT_LOG_LEVEL, 'info');
      assert.equal(of('scheduler').LIFEBOAT_SESSION_MS, '4000');
      assert.equal(of('scheduler').LIFEBOAT_KAFKA, '127.0.0.1:9092');
      assert.equal(of('scheduler').LIFEBOAT_TOPOLOGY, join(config, 'topology.yaml'));
      assert.equal(of('scheduler').OS_CLIENT_CONFIG_FILE, join(config, 'clouds.yaml'));
    } finally {
      rmSync(config, { recursive: true });
    }
  });

  it('listen on ports in a row, from one that is a port', () => {
    assert.equal(firstPort(undefined), 7101);
    assert.equal(firstPort('9000'), 9000);
    for (const text of ['abc', '0', '-1', '65535', '1.5'])
      assert.throws(() => firstPort(text), new RegExp(`LIFEBOAT_FIRST_PORT: '${text}' is not a port; leave it out for 7101`));
  });

  it('whose settings are refused: what is wrong is told without the log around it, once', () => {
    const line = (level: string, msg: string) => JSON.stringify({ level, msg });
    assert.equal(
      complaintsIn([line('warn', 'topics not made yet'), line('fatal', 'c.yaml: x'), line('fatal', 'c.yaml: x')].join('\n')),
      'c.yaml: x',
    );
    assert.equal(
      complaintsIn('scheduler: cannot start:\n  environment: LIFEBOAT_LISTEN: wrong'),
      'scheduler: cannot start:; environment: LIFEBOAT_LISTEN: wrong',
    );
  });
});
