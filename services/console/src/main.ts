import { openKafka } from '@lifeboat/adapters-kafka';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { Live } from '@lifeboat/desk';
import { readFleet } from '@lifeboat/desk/read-fleet';
import { runProcess, SettingsError } from '@lifeboat/runtime/process';
import { feed } from './perform/feed.ts';
import { Orders } from './perform/orders.ts';
import { plansFrom } from './perform/plans.ts';
import { consoleServer } from './perform/server.ts';
import { consoleSettings } from './perform/settings.ts';
import { Doorkeeper } from './perform/who.ts';

const clock = wallClock();

await runProcess(
  'console',
  clock,
  () => consoleSettings(process.env),
  async (settings, { log, health, metrics, topology, stop }) => {
    const bus = openKafka({
      brokers: settings.brokers,
      clientId: `lifeboat-${settings.instance}`,
      log: (level, message, about) => log[level](about, message),
    });
    const live = new Live();
    const orders = new Orders(bus, clock, settings.instance);
    const trouble = (what: string) => {
      health.complain(what);
      log.warn({ what }, 'trouble');
    };
    const fed = feed({ bus, clock, name: settings.instance, live, signal: stop, onEvent: (e) => orders.heard(e), trouble });
    const lacks = () =>
      fed.caughtUp ? (fed.connected ? '' : 'Kafka does not answer: what is shown is old') : 'the topics are still being read';
    health.connections = () => ({ bus: fed.connected, 'topics read': fed.caughtUp });
    if (settings.users.length === 0) health.standing('users', () => ['no users are set (LIFEBOAT_CONSOLE_USERS): no orders are taken']);
    const counted = metrics.counter('lifeboat_console_orders_total', 'Orders of people, by what came of them.', 'came');
    const server = consoleServer({
      ...{ live, topology: () => topology.current(), orders, clock, lacks },
      door: new Doorkeeper(settings.users, () => clock.monotonic()),
      plans: plansFrom(
        (t) => readFleet(settings.env, t),
        () => topology.current(),
        clock,
      ),
      note: (by, type, about, c) => {
        counted(c.ok ? (c.refused ? 'refused' : 'given') : 'not published');
        log.info({ by, order: type, about, ...c }, 'order of a person');
      },
    });
    const address = await server.listen(settings.page).catch((e: Error) => {
      const field = 'LIFEBOAT_CONSOLE_LISTEN';
      throw new SettingsError([{ where: 'environment', field, problem: `cannot listen there: ${e.message}; name another host:port` }]);
    });
    log.info({ address }, 'console');
    health.role = 'running';
    await fed.over;
    await server.close();
    await bus.close();
  },
);
