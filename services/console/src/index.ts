export { feed } from './perform/feed.ts';
export { Orders } from './perform/orders.ts';
export { plansFrom } from './perform/plans.ts';
export { consoleServer } from './perform/server.ts';
export { consoleSettings } from './perform/settings.ts';
export { type Door, Doorkeeper } from './perform/who.ts';
