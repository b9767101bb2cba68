import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SettingsError, type Variables, withFiles } from './environment.ts';
import { readServerSettings } from './settings.ts';

const good: Variables = {
  LIFEBOAT_TOPOLOGY: '/etc/lifeboat/topology.yaml',
  LIFEBOAT_KAFKA: '10.0.0.1:9092, 10.0.0.2:9092',
  LIFEBOAT_ZOOKEEPER: '10.0.0.1:2181,10.0.0.2:2181/lifeboat',
  LIFEBOAT_REDIS: 'redis://10.0.0.1:6379',
};
const read = (env: Variables) => readServerSettings(env, () => null).settings;
const complaintsOf = (env: Variables): string[] => {
  try {
    read(env);
    return [];
  } catch (e) {
    return (e as SettingsError).complaints.map((c) => `${c.field}: ${c.problem}`);
  }
};

describe('settings from the environment', () => {
  it('reads what is there and fills in the rest', () => {
    const s = read(good);
    assert.deepEqual(s.brokers, ['10.0.0.1:9092', '10.0.0.2:9092']);
    assert.deepEqual(
      [s.zookeeper.leaseMs, s.zookeeper.sessionMs, s.listen, s.logLevel],
      [4000, 4000, { host: '127.0.0.1', port: 0 }, 'info'],
    );
    assert.match(s.instance, new RegExp(`-${process.pid}$`));
  });

  it('says everything that is wrong at once', () => {
    const complaints = complaintsOf({});
    for (const name of ['LIFEBOAT_TOPOLOGY', 'LIFEBOAT_KAFKA', 'LIFEBOAT_ZOOKEEPER', 'LIFEBOAT_REDIS'])
      assert.equal(complaints.filter((c) => c.startsWith(`${name}: missing; set it to`)).length, 1, name);
  });

  const bad: [name: string, value: string, complaint: RegExp][] = [
    ['LIFEBOAT_KAFKA', '10.0.0.1', /LIFEBOAT_KAFKA: '10.0.0.1' does not fit; set it/],
    ['LIFEBOAT_ZOOKEEPER', 'zk', /LIFEBOAT_ZOOKEEPER: 'zk' is not host:port/],
    ['LIFEBOAT_LEASE_MS', '4s', /LIFEBOAT_LEASE_MS: '4s' is not a whole number of milliseconds from 500 to 120000; leave it out for 4000/],
    ['LIFEBOAT_LISTEN', '8080', /LIFEBOAT_LISTEN: '8080' is not host:port/],
    ['LIFEBOAT_LISTEN', '127.0.0.1:70000', /is not host:port/],
    ['LIFEBOAT_LOG_LEVEL', 'loud', /LIFEBOAT_LOG_LEVEL: 'loud' is none of debug, info, warn, error/],
  ];
  for (const [name, value, complaint] of bad)
    it(`given ${name}=${value}, names it and the mend`, () => {
      const found = complaintsOf({ ...good, [name]: value });
      assert.equal(found.length, 1, found.join());
      assert.match(found[0] ?? '', complaint);
    });

  it('never repeats a value that may hold a password', () => {
    const found = complaintsOf({ ...good, LIFEBOAT_REDIS: 'http://:hunter2@host' }).join();
    assert.match(found, /LIFEBOAT_REDIS: not a URL of redis:/);
    assert.doesNotMatch(found, /hunter2/);
  });

  it('takes a value from NAME_FILE, and complains of both or of a file that is not there', () => {
    const files = (path: string) => {
      if (path === '/run/secrets/redis') return 'redis://:s@h:6379\n';
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    };
    assert.equal(withFiles({ LIFEBOAT_REDIS_FILE: '/run/secrets/redis' }, files).env['LIFEBOAT_REDIS'], 'redis://:s@h:6379');
    assert.match(withFiles({ OS_PASSWORD_FILE: '/nowhere' }, files).complaints[0]?.problem ?? '', /cannot read \/nowhere \(ENOENT\)/);
    assert.match(withFiles({ OS_PASSWORD_FILE: '/x', OS_PASSWORD: 'y' }, files).complaints[0]?.problem ?? '', /OS_PASSWORD is set too/);
    assert.deepEqual(withFiles({ OS_CLIENT_CONFIG_FILE: '/nowhere' }, files).complaints, []);
  });
});
