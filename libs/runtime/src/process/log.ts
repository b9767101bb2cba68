import type { LifeboatEvent } from '@lifeboat/contracts';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './settings.ts';

export type Log = Logger;

const SECRET = ['password', 'secret', 'token', 'passwd', 'parameters', 'authorization'];

/** JSON lines on standard output. Values under names of secrets never get there. */
export const openLog = (service: string, instance: string, level: LogLevel, to?: DestinationStream): Log =>
  pino(
    {
      level,
      base: { service, instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET.flatMap((s) => [s, `*.${s}`, `*.*.${s}`]), censor: '(secret)' },
    },
    to,
  );

/** One line for an event: enough to find it and its incident again; the data is in the topic. */
export const aboutEvent = (e: LifeboatEvent) => {
  const { host, vm } = e.data as { host?: string; vm?: string };
  return {
    event: e.id,
    type: e.type,
    ...(e.incident === undefined ? {} : { incident: e.incident }),
    ...(e.causation === undefined ? {} : { causation: e.causation }),
    ...(host === undefined ? {} : { host }),
    ...(vm === undefined ? {} : { vm }),
  };
};
