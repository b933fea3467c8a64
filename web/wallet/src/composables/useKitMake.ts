/** Making a kit: the key is born here, its passphrase is shown once and typed back, the file is saved, then the kit is in use. */
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Kit } from '@shared/api/types'
import { activateKit, beginKit, groupsToAsk, joined, newPassphrase, normalise, sealKit, type NewKit } from '@shared/kit'
import { heldKey } from '@shared/signing'
import type { Bytes } from '@shared/signing/bytes'
import { useTask } from '@shared/task'
import { language } from '@/i18n'
import { serverNow, session } from '@/session'
import { saveFile } from '@/save-file'
import { askPin } from './useAskPin'

export type MakeStep = 'intro' | 'passphrase' | 'check' | 'save' | 'done'
export const MAKE_STEPS: readonly MakeStep[] = ['passphrase', 'check', 'save']

export function useKitMake() {
  const step = ref<MakeStep>('intro')
  const groups = ref<string[]>([])
  const asked = ref<number[]>([])
  const answers = ref<string[]>([])
  const progress = ref(0)
  const file = shallowRef<Bytes | null>(null)
  const saved = ref(false)
  const kit = shallowRef<Kit | null>(null)
  const wrong = ref(false)
  let made: NewKit | null = null

  async function setting() {
    const deployment = await session.loadDeployment()
    return { origin: deployment.origin, now: serverNow() }
  }

  const beginning = useTask(async () => {
    const account = session.me.value?.account
    const held = account ? await heldKey(account) : null
    if (!held) throw ProblemError.local('device.key_missing')
    const words = await newPassphrase(language.value)
    made = await beginKit(held, await setting(), askPin)
    groups.value = words
    step.value = 'passphrase'
    return true
  })

  function written(): void {
    asked.value = groupsToAsk()
    answers.value = asked.value.map(() => '')
    wrong.value = false
    step.value = 'check'
  }

  const sealing = useTask(async () => {
    if (!made) throw ProblemError.local('device.unexpected')
    wrong.value = !asked.value.every((at, i) => normalise(answers.value[i] ?? '') === groups.value[at])
    if (wrong.value) return false
    progress.value = 0
    step.value = 'save'
    file.value = await sealKit(made, joined(groups.value), await setting(), await api.listCertificates(), (part) => { progress.value = part })
    progress.value = 1
    return true
  })

  function save(): void {
    if (!file.value || !made) return
    saveFile(file.value, `yinxin-${made.account.slice(4, 10)}-${new Date(serverNow()).toISOString().slice(0, 10)}.p12`, 'application/x-pkcs12')
    saved.value = true
  }

  const activating = useTask(async () => {
    if (!made) throw ProblemError.local('device.unexpected')
    kit.value = await activateKit(made, await setting())
    forget()
    step.value = 'done'
    return true
  })

  /** Nothing of the key or the passphrase outlives the screen. */
  function forget(): void {
    made?.pkcs8.fill(0)
    made = null
    file.value = null
    groups.value = groups.value.map(() => '')
    answers.value = []
  }
  onBeforeUnmount(forget)

  const answered = computed(() => answers.value.every((one) => one.trim() !== ''))
  return { step, groups, asked, answers, answered, wrong, progress, file, saved, kit, beginning, written, sealing, save, activating }
}
