import { busContract } from '@lifeboat/ports/bus.contract';
import { registryContract } from '@lifeboat/ports/registry.contract';
import { stateContract } from '@lifeboat/ports/state-store.contract';
import { MemoryBus, MemoryLedger, MemoryRegistryCore, MemoryStateStore, wallClock } from './index.ts';

const clock = wallClock();
const link = () => {
  let up = true;
  const outage = {
    away: async () => {
      up = false;
    },
    back: async () => {
      up = true;
    },
  };
  return { available: () => up, outage };
};

busContract('memory', async () => {
  const { available, outage } = link();
  const bus = new MemoryBus(clock, { available });
  return { bus, outage, close: () => bus.close() };
});

busContract('memory, with delays and duplicates', async () => {
  const { available, outage } = link();
  let n = 0;
  const bus = new MemoryBus(clock, { available, deliveryDelayMs: () => n++ % 7, duplicate: () => n % 2 === 0 }).client();
  return { bus, outage, close: () => bus.close() };
});

stateContract('memory', async () => {
  const { available, outage } = link();
  const store = new MemoryStateStore(clock, { available });
  const ledger = new MemoryLedger(clock, { available });
  const reopen = async () => ({ store: store.client({ available }), ledger: ledger.client({ available }) });
  return { store, ledger, outage, reopen, close: async () => undefined };
});

registryContract('memory', async () => {
  const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 600 });
  const clients: ReturnType<typeof core.client>[] = [];
  return {
    sessionTimeoutMs: core.sessionTimeoutMs,
    member: async () => {
      const client = core.client(`m${clients.length}`);
      clients.push(client);
      return {
        registry: client,
        cut: async () => client.cut(),
        heal: async () => client.heal(),
        kill: async () => client.kill(),
        plant: async (host, raw) => core.plant(host, raw, client),
      };
    },
    close: async () => {
      for (const c of clients) {
        c.heal();
        // the answer of a killed one never comes
        void c.close();
      }
    },
  };
});
