/** Derives the MAC's key of a recovery kit beside the page: a second or two in which the screen stays alive. */
import { repeatedSha256 } from './sha256'

export interface MacRequest { input: Uint8Array; rounds: number }
export type MacAnswer = { part: number } | { key: Uint8Array }

self.onmessage = (event: MessageEvent<MacRequest>) => {
  const { input, rounds } = event.data
  const say = (answer: MacAnswer) => self.postMessage(answer)
  say({ key: repeatedSha256(input, rounds, (part) => say({ part })) })
}
