import type { Instant, VmId } from '@lifeboat/kernel';
import type { Fact, SimVm, Violation } from './model.ts';

/*
 * Physical truths, judged by the world itself at the moment they break. Nothing here knows of services, events or
 * incidents: what knows of those is in checker.ts and ending.ts.
 */

/** Seconds since the world began: how every sentence of the simulation tells its time. */
export type Tell = (at: Instant) => string;
export const tellSince =
  (start: Instant): Tell =>
  (at) =>
    `${((at - start) / 1000).toFixed(3)} s`;

/** The shared disk's guard: every process that writes to the VM's disk now. A deleted VM has no disk. */
export const writersOf = (vm: SimVm): readonly string[] => (vm.deleted ? [] : [...vm.copies.keys()].sort());

/** (i) A VM never runs twice. */
export function runsOnce(vm: SimVm, at: Instant, why: string, tell: Tell): Violation | null {
  const writers = writersOf(vm);
  if (writers.length < 2) return null;
  const since = writers.map((h) => `${h} since ${tell(vm.copies.get(h as never)?.startedAt ?? at)}`).join(', ');
  return { at, rule: 'runs-once', text: `${tell(at)}: VM ${vm.spec.vm} runs ${writers.length} times (${since}) after: ${why}` };
}

/** (v) Nova takes a second evacuation of a VM and then breaks it for good. */
export const noDoubleEvacuate = (vm: VmId, at: Instant, by: string, tell: Tell): Violation => ({
  at,
  rule: 'no-double-evacuate',
  text: `${tell(at)}: ${by} asked Nova to evacuate VM ${vm} while an evacuation of it was under way`,
});

export const worldBroke = (at: Instant, e: unknown, tell: Tell): Violation => ({
  at,
  rule: 'world',
  text: `${tell(at)}: the simulated world itself broke: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`,
});

/** One line of the story. */
export const factInWords = (f: Fact): { actor: string; what: string } => {
  switch (f.kind) {
    case 'power':
      return { actor: f.host, what: `power ${f.on ? 'on' : 'off'} (${f.why})` };
    case 'booted':
      return { actor: f.host, what: `booted, boot id ${f.bootId.slice(0, 8)}` };
    case 'dump':
      return { actor: f.host, what: `crash dump: ${f.is}` };
    case 'agent':
    case 'compute':
      return { actor: f.host, what: `${f.kind} ${f.alive ? 'starts' : 'dies'}` };
    case 'management':
    case 'production':
      return { actor: f.host, what: `${f.up ? 'on' : 'off'} the ${f.kind} network` };
    case 'copy':
      return { actor: f.host, what: `guest ${f.vm} ${f.running ? 'runs' : 'is gone'} (${f.why})` };
    case 'vm':
      return { actor: 'owner', what: `${f.vm} ${f.what}` };
    case 'fence-order':
      return { actor: f.by, what: `orders ${f.method} of ${f.host}: power ${f.order}` };
    case 'evacuate-call':
      return {
        actor: f.by,
        what: `asks Nova to evacuate ${f.vm} from ${f.from} to ${f.to ?? '(Nova chooses)'}; source ${f.poweredOn ? 'POWERED ON' : 'off'}${f.guestRuns ? ', GUEST RUNS' : ''}`,
      };
    case 'double-evacuate':
      return { actor: f.by, what: `SECOND evacuation of ${f.vm} while one is under way` };
    case 'restart-call':
      return { actor: f.by, what: `asks Nova to restart or move ${f.vm} on ${f.host}${f.wellSince === null ? '' : ', WHICH RUNS WELL'}` };
    case 'migrate-call':
      return { actor: f.by, what: `asks Nova to migrate ${f.vm} (${f.how}) from ${f.from} to ${f.to}` };
    case 'force-down':
      return { actor: f.by, what: `tells Nova to take ${f.host} for down` };
    case 'fault':
      return { actor: 'fault', what: f.what };
  }
};
