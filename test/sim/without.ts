import type { HostId, VmId } from '@lifeboat/kernel';
import { done, type Epoch, failed, ok } from '@lifeboat/kernel';
import type {
  Admission,
  Bus,
  BusRecord,
  Changes,
  Cloud,
  Delivered,
  FenceDevice,
  Lease,
  OperationLedger,
  Registry,
  StateStore,
} from '@lifeboat/ports';
import type { Nova } from '@lifeboat/world';

/*
 * What is put in an adapter's place to take a guard away. Each keeps what it must remember for one run: make a new one
 * for each.
 */

/** The same port, but for these of its methods. */
function instead<T extends object>(port: T, other: Partial<T>): T {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(name in other ? other : target, name);
      // a Cloud gives others like itself
      if (name === 'onlyWhile' && !(name in other) && typeof member === 'function')
        return (...args: unknown[]) => instead(member.apply(target, args) as T, other);
      return typeof member === 'function' ? member.bind(name in other ? other : target) : member;
    },
  });
}

/** Says that it obeyed, and that the host is off; does nothing. */
export const fenceThatOnlySaysSo = () => {
  const ordered = new Set<HostId>();
  return (fence: FenceDevice): FenceDevice =>
    instead(fence, {
      off: async (host) => {
        ordered.add(host);
        return done;
      },
      status: (host, method) => (ordered.has(host) ? Promise.resolve(ok('off' as const)) : fence.status(host, method)),
    });
};

/** Takes writes of any epoch. */
export const storeWithoutEpochs = () => {
  const newest = new Map<string, Epoch>();
  const passed = (service: string, epoch: Epoch): Epoch => {
    const e = Math.max(epoch, newest.get(service) ?? 0) as Epoch;
    newest.set(service, e);
    return e;
  };
  return (store: StateStore): StateStore =>
    instead(store, {
      claim: (service, epoch) => store.claim(service, passed(service, epoch)),
      commit: (service, epoch, changes) => store.commit(service, passed(service, epoch), changes),
    });
};

/** Loses what is written to these tables. */
export const storeThatLoses =
  (...tables: readonly string[]) =>
  (store: StateStore): StateStore => {
    const kept = (changes: Changes): Changes => Object.fromEntries(Object.entries(changes).filter(([name]) => !tables.includes(name)));
    return instead(store, { commit: (service, epoch, changes) => store.commit(service, epoch, kept(changes)) });
  };

/** From `forgets()` on, everything stored is gone, as after a lost volume: each service begins anew with nothing. */
export const storeThatForgets = () => {
  const anew = new Set<string>();
  let forgotten = false;
  return {
    forgets: () => {
      forgotten = true;
    },
    wrap: (store: StateStore): StateStore =>
      instead(store, {
        claim: async (service, epoch) => {
          const claimed = await store.claim(service, epoch);
          if (!forgotten || !claimed.ok || anew.has(service)) return claimed;
          anew.add(service);
          return ok({});
        },
        commit: async (service, epoch, changes) =>
          forgotten && !anew.has(service) ? failed('STALE_EPOCH', 'the store was lost') : store.commit(service, epoch, changes),
      }),
  };
};

/** Stores what was read first and what follows from it a while later: no longer one write. */
export const storeInTwoWrites =
  (sleep: (ms: number) => Promise<void>) =>
  (store: StateStore): StateStore => {
    const part = (changes: Changes, first: boolean): Changes =>
      Object.fromEntries(Object.entries(changes).filter(([name]) => (name === '@positions' || name === '@seen') === first));
    return instead(store, {
      commit: async (service, epoch, changes) => {
        const before = await store.commit(service, epoch, part(changes, true));
        if (!before.ok) return before;
        await sleep(50);
        return store.commit(service, epoch, part(changes, false));
      },
    });
  };

/** Admits everything as if it had never been asked for, of any epoch. */
export const ledgerThatAlwaysAdmits = (ledger: OperationLedger): OperationLedger =>
  instead(ledger, { admit: async () => ok<Admission>({ kind: 'go' }), claim: async () => done });

/** Leaders believe for ever that they lead. */
export const leaseForEver = (registry: Registry): Registry =>
  instead(registry, {
    campaign: async (name, candidate, options) => {
      const lease = await registry.campaign(name, candidate, options);
      if (lease === null) return null;
      const forEver: Lease = { epoch: lease.epoch, valid: () => true, lost: new AbortController().signal, release: () => lease.release() };
      return forEver;
    },
  });

/** Sees every VM as it was before anything was done about it: on the host where it was last surveyed, with no task. */
export const cloudThatSeesVmsUntouched = () => {
  const where = new Map<VmId, HostId>();
  return (cloud: Cloud): Cloud =>
    instead(cloud, {
      vmsOn: async (host) => {
        const answer = await cloud.vmsOn(host);
        if (answer.ok) for (const v of answer.value) where.set(v.vm, host);
        return answer;
      },
      vm: async (vm) => {
        const answer = await cloud.vm(vm);
        return answer.ok ? ok({ ...answer.value, host: where.get(vm) ?? answer.value.host, task: null }) : answer;
      },
    });
};

/** Has its process stopped within the first call to evacuate, before anything of it leaves; `stop` ends when it goes on. */
export const cloudStoppedBeforeTheCall = (stop: () => Promise<void>) => {
  let first = true;
  const wrap = (cloud: Cloud): Cloud =>
    instead<Cloud>(cloud, {
      onlyWhile: (still) => wrap(cloud.onlyWhile(still)),
      evacuate: async (vm, to) => {
        if (first) {
          first = false;
          await stop();
        }
        return cloud.evacuate(vm, to);
      },
    });
  return wrap;
};
/** Never asks whether it still may. */
export const cloudToldWhateverComes = (cloud: Cloud): Cloud => instead(cloud, { onlyWhile: () => cloud });
/** Nobody has asked Nova for anything. */
export const cloudWithoutActs = (cloud: Cloud): Cloud => instead(cloud, { acts: async () => ok([]) });
/** No migration records: only how the VM looks. */
export const cloudWithoutRecords = (cloud: Cloud): Cloud => instead(cloud, { evacuationsFrom: async () => ok([]) });

/** Nova's migrations are not seen: neither their records nor that it is at work on a VM. */
export const cloudBlindToMigrations = (cloud: Cloud): Cloud =>
  instead(cloud, {
    migrationsFrom: async () => ok([]),
    vm: async (vm) => {
      const answer = await cloud.vm(vm);
      return answer.ok && answer.value.task === 'migrating' ? ok({ ...answer.value, task: null }) : answer;
    },
    vms: async (vms) => {
      const answer = await cloud.vms(vms);
      return answer.ok ? ok(answer.value.map((v) => (v.task === 'migrating' ? { ...v, task: null } : v))) : answer;
    },
    vmsOn: async (host) => {
      const answer = await cloud.vmsOn(host);
      return answer.ok ? ok(answer.value.map(({ notNow: _, ...v }) => v)) : answer;
    },
  });

/** The first answer about a host's VMs is given ever again. */
export const cloudThatSurveysOnce = () => {
  const first = new Map<HostId, Awaited<ReturnType<Cloud['vmsOn']>>>();
  return (cloud: Cloud): Cloud =>
    instead(cloud, {
      vmsOn: async (host) => {
        const known = first.get(host);
        if (known !== undefined) return known;
        const answer = await cloud.vmsOn(host);
        if (answer.ok) first.set(host, answer);
        return answer;
      },
    });
};

/** Says that the host is forced down; Nova has heard nothing of it. */
export const cloudThatDoesNotForceDown = (cloud: Cloud): Cloud =>
  instead(cloud, { forceDown: async () => done, disable: async () => done });

/** Changes what each service reads; null = it never arrives. */
export const busThatAlters =
  (change: (r: Delivered, reader: string) => Delivered | null) =>
  (bus: Bus): Bus =>
    instead(bus, {
      subscribe: (request) =>
        bus.subscribe({
          ...request,
          onRecords: (records) =>
            request.onRecords(
              records.flatMap((r) => {
                const changed = change(r, request.name);
                return changed === null ? [] : [changed];
              }),
            ),
        }),
    });

export const typeOf = (r: BusRecord): string => r.headers['ce_type'] ?? '';

/** A second delivery looks like a new event. */
export const renumbered = () => {
  let n = 1_000_000;
  return (r: Delivered): Delivered => ({ ...r, headers: { ...r.headers, ce_sequence: String(n++) } });
};

/** The same record with other data. */
export const withData = (r: Delivered, change: (data: Record<string, unknown>) => Record<string, unknown>): Delivered => ({
  ...r,
  value: JSON.stringify(change(JSON.parse(r.value) as Record<string, unknown>)),
});

/** Devices that do not know which machine they switch. */
export const fenceThatKnowsNoMachine = (fence: FenceDevice): FenceDevice => instead(fence, { identity: async () => ok(null) });

/** Takes a host for up again whatever of its evacuated VMs still lies there: Nova itself refuses that. */
export const cloudThatReleasesAtOnce =
  (nova: () => Nova | null) =>
  (cloud: Cloud): Cloud =>
    instead(cloud, {
      clearForcedDown: async (host) => {
        const service = nova()?.services.get(host);
        if (service !== undefined) Object.assign(service, { forcedDown: false });
        return done;
      },
      // and nothing else keeps a host out whose compute service has not been back
      computeServices: async () => {
        const services = await cloud.computeServices();
        return services.ok ? { ...services, value: services.value.map((x) => ({ ...x, up: true })) } : services;
      },
    });
