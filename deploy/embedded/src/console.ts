import { consoleServer, type Door, feed, Orders, plansFrom } from '@lifeboat/console';
import { Live } from '@lifeboat/desk';
import { describeFailure } from '@lifeboat/kernel';
import { SimCloud } from '@lifeboat/world';
import type { EmbeddedRegion } from './region.ts';

/** Loopback only, and nothing real is ordered: whoever sits here is the operator. */
const OPERATOR: Door = { isOpen: false, who: () => ({ name: 'operator' }) };

/** The console of the distributed mode, on the simulated region. */
export function embeddedConsole(region: EmbeddedRegion) {
  const { clock, world, nova } = region;
  const stop = new AbortController();
  const bus = region.bus.client();
  const live = new Live();
  const orders = new Orders(bus, clock, 'operator@embedded');
  const trouble = () => undefined;
  const fed = feed({ bus, clock, name: 'console', live, signal: stop.signal, onEvent: (e) => orders.heard(e), trouble });
  const cloud = new SimCloud(nova, { observer: 'console' });
  const fleet = async () => {
    const read = await cloud.fleet();
    if (!read.ok) throw new Error(describeFailure(read));
    return read.value;
  };
  const topology = () => world.topology;
  const server = consoleServer({
    ...{ live, topology, orders, clock, door: OPERATOR, plans: plansFrom(fleet, topology, clock) },
    lacks: () => (fed.caughtUp ? '' : 'the events are still being read'),
    note: () => undefined,
  });
  return {
    server,
    live,
    close: async () => {
      stop.abort();
      await fed.over;
      await server.close();
      await bus.close();
    },
  };
}
