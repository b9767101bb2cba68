import { BUG, type ShellObserver } from '../shell/shell.ts';
import type { Health } from './health.ts';
import { aboutEvent, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What the shell tells, into log, health and metrics. */
export function watchShell(log: Log, health: Health, metrics: Metrics): ShellObserver {
  return {
    standby() {
      health.role = 'standby';
      health.epoch = null;
      metrics.role(null);
      log.info('standing by');
    },
    leading(epoch) {
      health.role = 'leading';
      health.epoch = epoch;
      metrics.role(epoch);
      log.info({ epoch }, 'leading');
    },
    deposed(why) {
      health.role = 'standby';
      health.epoch = null;
      metrics.role(null);
      log.warn({ why }, 'no longer leading');
      if (why.startsWith(BUG)) health.complain(why);
    },
    decided(what, told, rejected) {
      metrics.decided(what, told);
      if (rejected !== null) log.warn({ rejected }, 'input rejected');
      for (const e of told) {
        log.info(aboutEvent(e), 'told');
        if (e.type === 'lifeboat.event.rejected') health.complain(`${e.data.from}: ${e.data.reason}`);
      }
    },
    performing(effect) {
      metrics.performing(effect.kind);
      log.debug({ operation: effect.operation }, 'performing');
    },
    trouble(what) {
      metrics.trouble(what);
      health.complain(what);
      log.warn({ what }, 'trouble');
    },
  };
}
