import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';
import { down, type Ports, type ServerName, serverNames, status, up, usualPorts } from './index.ts';
import { downServices, statusOfServices, upServices } from './services.ts';

const USAGE = `lifeboat local: Kafka, ZooKeeper and Redis as plain processes on 127.0.0.1

  up      install what is missing, start, wait until everything serves
  down    end what up started (the data stays)
  status  what is up

  --data DIR           data, logs and pid files (default ./.lifeboat/local)
  --only kafka,redis   only these servers
  --port NAME=N        another port: redis, zookeeper, kafka, kafkaController (repeatable)
  --services           up: also all Lifeboat services; down: only these
  --config DIR         with --services: the folder with the services' settings (default deploy/config)`;

const { values, positionals } = commandLine(USAGE, {
  data: { type: 'string', default: './.lifeboat/local' },
  only: { type: 'string' },
  port: { type: 'string', multiple: true, default: [] },
  services: { type: 'boolean', default: false },
  config: { type: 'string', default: 'deploy/config' },
  help: { type: 'boolean', default: false },
});

const wanted = (): readonly ServerName[] => {
  if (values.only === undefined) return serverNames;
  return values.only.split(',').map((name) => {
    const known = serverNames.find((n) => n === name.trim());
    if (known === undefined) return notUnderstood(`--only: ${name}: not a server; there are ${serverNames.join(', ')}`, USAGE);
    return known;
  });
};

const ports = (): Ports => {
  const chosen: Record<keyof Ports, number> = { ...usualPorts };
  for (const p of values.port) {
    const [name, number] = p.split('=');
    if (name === undefined || !(name in chosen) || !/^\d{1,5}$/.test(number ?? '') || Number(number) > 65_535)
      notUnderstood(`--port: ${p}: wanted NAME=N with NAME one of ${Object.keys(chosen).join(', ')}`, USAGE);
    chosen[name as keyof Ports] = Number(number);
  }
  return chosen;
};

const say = (line: string) => console.log(line);

const act = async (): Promise<void> => {
  const [command, ...more] = positionals;
  if (command === undefined) return say(USAGE);
  if (more.length > 0) notUnderstood(`${command}: ${more.join(' ')}: not understood`, USAGE);
  const names = wanted();
  switch (command) {
    case 'up':
      await up(names, { data: values.data, ports: ports() }, say);
      if (values.services) await upServices(values.data, values.config, ports(), say);
      return;
    case 'down':
      if (values.services || values.only === undefined) await downServices(values.data, say);
      if (!values.services) await down(names, values.data, say);
      return;
    case 'status':
      for (const s of await status(names, values.data))
        say(`${s.name.padEnd(16)} ${s.pid === undefined ? 'down' : `up, pid ${s.pid}`}  ${s.log}`);
      for (const s of await statusOfServices(values.data))
        say(`${s.name.padEnd(16)} ${s.pid === undefined ? 'down' : `up, pid ${s.pid}, ${s.health}`}  ${s.log}`);
      return;
    default:
      return notUnderstood(`${command}: not a command`, USAGE);
  }
};

await act().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
