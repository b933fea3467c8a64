/** A reissue on the new device: an enrolment that rests on something else than a registration. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import { prepareRequest, provePasskey, type Prepared, type UnlockChoice } from '@shared/signing'
import { checkKitProves, proveByKit, type OpenKit } from '@shared/kit'
import { useTask } from '@shared/task'
import { askedCode, parseMoving } from '@/qr/moving'
import { session } from '@/session'
import { useEnrolment } from './useEnrolment'
import { useEvents } from './useEvents'

export type ReissueWay = 'secrets' | 'device' | 'vouch' | 'passkey' | 'kit'

/** How often the new device asks whether the one at hand has signed, beside what it hears. */
const ASK_MS = 2_000

export function useReissue(way: ReissueWay, stated: 'lost' | 'nothing') {
  const flow = useEnrolment({ way, stated })
  const { stage, enrolment, fetching, setting, adopt } = flow
  /** What this device shows. */
  const code = ref('')
  const wrongCode = ref(false)
  const prepared = shallowRef<Prepared | null>(null)
  let timer: ReturnType<typeof setInterval> | undefined

  /** The passkey that had sealed the key that is gone signs. */
  const proving = useTask(async () => {
    if (!enrolment.value) throw ProblemError.local('enrolment.not_found')
    adopt(await provePasskey(enrolment.value))
  })

  /** The opened kit, in this screen's memory only. */
  const kit = shallowRef<OpenKit | null>(null)
  const opened = useTask(async (open: OpenKit) => {
    await checkKitProves(open, await setting())
    kit.value = open
    return true
  })

  /** Makes the key; the recovery key signs its request, and the certificate follows. */
  const speaking = useTask(async (choice: UnlockChoice) => {
    const asking = enrolment.value
    if (!asking || !kit.value) throw ProblemError.local('enrolment.not_found')
    const context = await setting()
    prepared.value = await prepareRequest(context, asking, choice)
    enrolment.value = await proveByKit(kit.value, context, asking, prepared.value.requestHash)
    kit.value = null
    fetch()
  })

  /** Makes the key, then shows its request. */
  const showing = useTask(async (choice: UnlockChoice) => {
    const asking = enrolment.value
    const nonce = asking?.reissue?.nonce
    if (!asking || !nonce) throw ProblemError.local('enrolment.not_found')
    const context = await setting()
    prepared.value = await prepareRequest(context, asking, choice)
    code.value = askedCode(context.origin, asking.id, prepared.value.requestHash, nonce)
    stage.value = 'show'
    timer = setInterval(() => void ask(), ASK_MS)
  })

  /** Whether the device at hand has signed. */
  async function ask(): Promise<void> {
    if (stage.value !== 'show') { clearInterval(timer); return }
    const now = await api.getCurrentEnrolment().catch(() => null)
    if (!now || stage.value !== 'show') return
    if (now.state === 'verified') { enrolment.value = now; fetch() } else if (now.reissue?.consented) { clearInterval(timer); stage.value = 'scan' }
  }
  useEvents(() => { if (stage.value === 'show') void ask() })
  onScopeDispose(() => clearInterval(timer))

  function fetch(): void {
    clearInterval(timer)
    if (prepared.value) void fetching.run(prepared.value)
  }

  /** A code was scanned: the one that the device at hand shows, or another. */
  async function found(text: string): Promise<void> {
    const read = parseMoving(text)
    const asking = enrolment.value
    wrongCode.value = false
    if (read?.kind !== 'consent' || !asking || read.reissue !== asking.id) { wrongCode.value = true; return }
    try {
      enrolment.value = await api.confirmReissue(asking.id, { consent_hash: read.consentHash })
      fetch()
    } catch {
      wrongCode.value = true
    }
  }
  void session.loadDeployment().catch(() => undefined)
  return { flow, code, wrongCode, proving, showing, found, kit, opened, speaking }
}
