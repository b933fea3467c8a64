/** The MAC's key from a worker of its own, which ends with it. */
import type { Bytes } from '../signing/bytes'
import { scriptUrl } from '../trusted'
import type { MacAnswer, MacRequest } from './kit-worker'
import workerUrl from './kit-worker?worker&url'
import type { MacKey } from './pkcs12'

/** `onProgress` hears parts of 1. */
export function workerMacKey(onProgress: (part: number) => void): MacKey {
  return (input, rounds) => new Promise((resolve, reject) => {
    const worker = new Worker(scriptUrl(workerUrl), { type: 'module' })
    worker.onerror = () => { worker.terminate(); reject(new Error('the kit worker failed')) }
    worker.onmessage = (event: MessageEvent<MacAnswer>) => {
      if ('part' in event.data) { onProgress(event.data.part); return }
      worker.terminate()
      resolve(event.data.key as Bytes)
    }
    const request: MacRequest = { input, rounds }
    worker.postMessage(request)
  })
}
