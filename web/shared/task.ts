import { computed, ref, shallowRef } from 'vue'
import { ProblemError } from './api/problem'

/** The one state variable of every piece of work: never four booleans. */
export type TaskState = 'idle' | 'loading' | 'done' | 'error'

/**
 * Wraps one asynchronous piece of work. A second `run` while one is loading returns the first one's promise,
 * so a double tap does nothing twice. `run` resolves to `null` on a problem, which is then in `problem`.
 */
export function useTask<A extends unknown[], T>(work: (...args: A) => Promise<T>) {
  const state = ref<TaskState>('idle')
  const value = shallowRef<T | null>(null)
  const problem = shallowRef<ProblemError | null>(null)
  let running: Promise<T | null> | null = null
  let following: Promise<T | null> | null = null

  async function perform(args: A): Promise<T | null> {
    state.value = 'loading'
    problem.value = null
    try {
      const result = await work(...args)
      value.value = result
      state.value = 'done'
      return result
    } catch (error) {
      problem.value = ProblemError.from(error)
      state.value = 'error'
      return null
    } finally {
      running = null
    }
  }

  const run = (...args: A): Promise<T | null> => (running ??= perform(args))

  return {
    state,
    value,
    problem,
    loading: computed(() => state.value === 'loading'),
    run,
    /** For a change that the run under way may have missed: it is followed by one more. */
    refresh: (...args: A): Promise<T | null> =>
      running ? (following ??= running.then(() => { following = null; return run(...args) })) : run(...args),
    reset: () => { state.value = 'idle'; problem.value = null; value.value = null },
  }
}
