import { computed, onScopeDispose, ref } from 'vue'

/** Counts whole seconds down to zero; `start` again at any time. */
export function useCountdown() {
  const until = ref(0)
  const now = ref(Date.now())
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => clearInterval(timer)
  onScopeDispose(stop)
  return {
    left: computed(() => Math.max(0, Math.ceil((until.value - now.value) / 1000))),
    start(seconds: number): void {
      stop()
      now.value = Date.now()
      until.value = now.value + seconds * 1000
      timer = setInterval(() => { now.value = Date.now(); if (now.value >= until.value) stop() }, 500)
    },
  }
}
