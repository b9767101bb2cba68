import type { EventType, LifeboatEvent, NewEvent, Service } from '@lifeboat/contracts';
import type { Decide, Epoch, Instant, Table } from '@lifeboat/kernel';

/** A service's state: named tables of plain JSON values. What is not JSON does not survive a restart. */
export type State = Readonly<Record<string, Table<unknown>>>;

/** An act on the world that a decision wants done. It stays owed, across restarts, until its result has been decided on. */
export interface Effect {
  readonly kind: string;
  /** Same intent, same operation. A decision that asks for an operation already owed asks for nothing new. */
  readonly operation: string;
  /** Not before this time: how decisions wait. */
  readonly notBefore?: Instant;
}

export type Output<E extends Effect> = Readonly<{ kind: 'tell'; event: NewEvent }> | Readonly<{ kind: 'do'; effect: E }>;
export const tell = (event: NewEvent): { readonly kind: 'tell'; readonly event: NewEvent } => ({ kind: 'tell', event });
export const order = <E extends Effect>(effect: E): { readonly kind: 'do'; readonly effect: E } => ({ kind: 'do', effect });

/** Everything a decision can be asked about. `at` was stamped when the input was taken up. */
export type Input<E extends Effect, Result, Observation> =
  | Readonly<{ kind: 'event'; event: LifeboatEvent; at: Instant }>
  | Readonly<{ kind: 'settled'; effect: E; result: Result; at: Instant }>
  | Readonly<{ kind: 'observed'; observation: Observation; at: Instant }>
  | Readonly<{ kind: 'tick'; at: Instant }>
  /** We lead now. Everything owed is performed again by the shell; this is for what the decision itself must catch up on. */
  | Readonly<{ kind: 'started'; epoch: Epoch; at: Instant }>;

/** What the performer of an effect is given. */
export interface PerformContext {
  readonly epoch: Epoch;
  /** Asked right before every act on the world: false = a newer leader may be acting, or nobody wants the act any more; do nothing. */
  valid(): boolean;
  /** Aborts when leadership is lost or the process stops. */
  readonly signal: AbortSignal;
  /** Names this try: changes with every process life and retry. */
  readonly attempt: string;
}

/** A service without its I/O adapters: what it reads, decides and keeps. */
export interface ServiceDefinition<S extends State, E extends Effect, Result, Observation> {
  readonly name: Service;
  /** Which part of the service this is, where live processes share it: each part has its own leader, epoch, state and events. */
  readonly shard?: number;
  readonly consumes: readonly EventType[];
  /** Empty tables; their names are what is stored. */
  readonly initial: S;
  readonly decide: Decide<S, Input<E, Result, Observation>, Output<E>>;
  /** Whether an act that is owed is still to be begun, as things stand by now; left out: it is. It stays owed until it has settled. */
  readonly wanted?: (state: S, effect: E) => boolean;
  readonly tickMs: number;
  /** An input as it may be shown in a dead letter, where inputs hold secrets; the input itself when left out. */
  readonly concealed?: (input: Input<E, Result, Observation>) => unknown;
}

/** Under which name a service, or a part of one, is elected, stored and told apart from others. */
export const scopeOf = (d: { readonly name: Service; readonly shard?: number }): string =>
  d.shard === undefined ? d.name : `${d.name}.${d.shard}`;

/** The adapters' side of a service: how its effects are done and where its observations come from. */
export interface ServiceWorld<E extends Effect, Result, Observation> {
  /** Never throws for what the world does; a throw is a bug: it is logged and the effect tried again later. */
  perform(effect: E, context: PerformContext): Promise<Result>;
  /** Called when we lead; pushes observations until `signal` aborts. Pushing never blocks. */
  observe?(push: (o: Observation) => void, context: Omit<PerformContext, 'attempt'>): Promise<void>;
  /** Called with the new epoch before anything is performed: claim the gates here. False = could not; leadership is given up. */
  takeOver?(epoch: Epoch): Promise<boolean>;
}
