/**
 * What one decision yields. Outputs are data: nothing has happened yet. The shell (libs/runtime) stores state and
 * outputs in one write and only then lets the outputs out.
 */
export type Decision<State, Output> = Readonly<{ state: State; outputs: readonly Output[] }>;
export type Decide<State, Input, Output> = (state: State, input: Input) => Decision<State, Output>;

export const stay = <S>(state: S): Decision<S, never> => ({ state, outputs: [] });
export const decided = <S, O>(state: S, ...outputs: O[]): Decision<S, O> => ({ state, outputs });
/** One decision after another on the same state: `next` sees what `first` decided, the outputs add up. */
export const andThen = <S, A, B>(first: Decision<S, A>, next: (state: S) => Decision<S, B>): Decision<S, A | B> => {
  const second = next(first.state);
  return { state: second.state, outputs: [...first.outputs, ...second.outputs] };
};
export const unreachable = (x: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(x)}`);
};
/** A broken invariant is a bug: it stops the decision, the shell dead-letters the input and says so in its health. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${what}`);
}
