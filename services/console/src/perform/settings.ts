import { commonSettings, Environment, type ProcessSettings, type Variables, withFiles } from '@lifeboat/runtime/process';

/** Somebody who may give orders, and is named in each. */
export interface User {
  readonly name: string;
  readonly password: string;
}
export interface ConsoleSettings extends ProcessSettings {
  readonly brokers: readonly string[];
  readonly page: Readonly<{ host: string; port: number }>;
  /** Nobody: everybody who reaches the page sees it, and no order is taken. */
  readonly users: readonly User[];
}

const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:\s,]+):\d{1,5}$/;
const LEAST_PASSWORD = 12;
const MOST_NAME = 60;

export function consoleSettings(raw: Variables, read?: (path: string) => string): ConsoleSettings {
  const { env, complaints } = withFiles(raw, read);
  const e = new Environment(env, complaints);
  const settings: ConsoleSettings = {
    ...commonSettings(e, env),
    brokers: e.list('LIFEBOAT_KAFKA', HOST_PORT, 'set it to the brokers, e.g. 10.0.0.1:9092,10.0.0.2:9092'),
    page: e.address('LIFEBOAT_CONSOLE_LISTEN', '127.0.0.1:8092'),
    users: usersFrom(e),
  };
  e.finish();
  return settings;
}

/** A line, or a part between commas, for each: name:password. What is wrong is said without a password. */
function usersFrom(e: Environment): User[] {
  const users: User[] = [];
  const wrong = (problem: string) => e.complain('LIFEBOAT_CONSOLE_USERS', `${problem}; give name:password, one a line or between commas`);
  for (const [i, part] of (e.optional('LIFEBOAT_CONSOLE_USERS') ?? '').split(/[\n,]/).entries()) {
    const text = part.trim();
    if (text === '') continue;
    const colon = text.indexOf(':');
    const [name, password] = [text.slice(0, colon).trim(), text.slice(colon + 1)];
    if (colon < 1 || name.length > MOST_NAME) wrong(`user ${i + 1} has no name, or one longer than ${MOST_NAME} characters`);
    else if (password.length < LEAST_PASSWORD) wrong(`the password of ${name} is shorter than ${LEAST_PASSWORD} characters`);
    else if (users.some((u) => u.name === name)) wrong(`${name} is there twice`);
    else users.push({ name, password });
  }
  return users;
}
