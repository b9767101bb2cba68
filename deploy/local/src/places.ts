import { join, resolve } from 'node:path';

/** Where everything of one server or service is. */
export const places = (data: string, name: string) => ({
  folder: join(resolve(data), name),
  log: join(resolve(data), 'logs', `${name}.log`),
  pid: join(resolve(data), 'run', `${name}.pid`),
});
