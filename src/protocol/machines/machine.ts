/** State machines as pure tables: state -> event -> next state. What is not in the table cannot happen. */
import { ShoalError } from '../errors.ts'

export type Table<S extends string, E extends string> = {
  readonly [from in S]: { readonly [event in E]?: S }
}

/** The next state; INVALID_TRANSITION names state and event when the table has none. */
export function next<S extends string, E extends string>(table: Table<S, E>, state: S, event: E): S {
  const to: S | undefined = table[state][event]
  if (to === undefined) {
    throw new ShoalError('INVALID_TRANSITION', `no transition from '${state}' on '${event}'`, {
      data: { state, event }
    })
  }
  return to
}

export const can = <S extends string, E extends string>(table: Table<S, E>, state: S, event: E): boolean =>
  table[state][event] !== undefined

/** A state without a way out. */
export const isTerminal = <S extends string, E extends string>(table: Table<S, E>, state: S): boolean =>
  Object.keys(table[state]).length === 0
