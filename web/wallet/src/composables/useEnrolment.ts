/** 开通, from the first look to the active certificate; every step can be left and taken up again. */
import { computed, reactive, ref, shallowRef } from 'vue'
import { api, Intention } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Certificate, Enrolment, NewReissue } from '@shared/api/types'
import { activate, download, resumeDownload, type Downloaded, type DownloadStep, type Prepared, type Setting, type UnlockChoice } from '@shared/signing'
import { useTask } from '@shared/task'
import { t } from '@/i18n'
import { deviceKind } from '@/platform'
import { serverNow, session } from '@/session'
import { askPin } from './useAskPin'

export type EnrolStage = 'loading' | 'intro' | 'password' | 'code' | 'passkey' | 'device' | 'pin' | 'show' | 'scan' | 'download' | 'done'

const KIND_NAMES = { iphone: 'iPhone', android: 'Android', windows: 'Windows', mac: 'Mac', linux: 'Linux', other: '' } as const

/** What an enrolment in this state asks for next. */
function stageOf(enrolment: Enrolment): EnrolStage {
  switch (enrolment.state) {
    // A device at hand signs the request of a key that is made first.
    case 'code_sent': return enrolment.reissue?.way === 'passkey' ? 'passkey' : enrolment.reissue === null || enrolment.reissue.way === 'secrets' || enrolment.reissue.way === 'kit' ? 'code' : 'device'
    case 'verified': return 'device'
    case 'issued': return 'download'
    case 'active': return 'done'
  }
}

/** A reissue, where the enrolment is one. */
export interface Begin { way: NewReissue['way']; stated: NewReissue['stated'] }

export function useEnrolment(begin: Begin | null = null) {
  const stage = ref<EnrolStage>('loading')
  const enrolment = shallowRef<Enrolment | null>(null)
  const downloaded = shallowRef<Downloaded | null>(null)
  const certificate = shallowRef<Certificate | null>(null)
  const done = ref<DownloadStep[]>([])
  const keyLost = ref(false)
  const form = reactive({ password: '', code: '', deviceName: KIND_NAMES[deviceKind()] || t('certificate.list.here'), unlock: 'passkey' as 'passkey' | 'pin', tap: false })
  const intents = { start: new Intention(), code: new Intention() }
  const inSitting = computed(() => {
    const until = session.me.value?.enrolment_sitting_until
    return until != null && Date.parse(until) > serverNow()
  })

  const needsPassword = computed(() => (begin ? begin.way !== 'device' : !inSitting.value))

  async function setting(): Promise<Setting> {
    const deployment = await session.loadDeployment()
    const account = session.me.value?.account
    if (!account) throw ProblemError.local('session.required')
    return { account, origin: deployment.origin, now: serverNow() }
  }

  function adopt(next: Enrolment): void {
    enrolment.value = next
    stage.value = stageOf(next)
  }

  /** Looks for an enrolment that was left open; a certificate that was issued is checked again and only activated. */
  const looking = useTask(async () => {
    await setting()
    let open: Enrolment
    try {
      open = await api.getCurrentEnrolment()
    } catch (error) {
      if (ProblemError.from(error).status !== 404) throw error
      stage.value = 'intro'
      return
    }
    if ((open.reissue?.way ?? null) !== (begin?.way ?? null)) { stage.value = 'intro'; return }
    if (open.state === 'issued') {
      downloaded.value = await resumeDownload(await setting(), open)
      keyLost.value = downloaded.value === null
      if (downloaded.value) { enrolment.value = open; done.value = ['key', 'request', 'issued', 'checked']; stage.value = 'download' } else { stage.value = 'intro' }
      return
    }
    // What a device at hand signs is a key that this page no longer has.
    const needsKey = open.reissue?.way === 'device' || open.reissue?.way === 'vouch'
    if (open.state === 'active' || needsKey) { stage.value = 'intro'; return }
    adopt(open)
  })

  /** Inside the sitting nothing is asked again; else the password, and only then a code. */
  const starting = useTask(async () => {
    if (needsPassword.value && form.password === '') { stage.value = 'password'; return null }
    const body = form.password === '' ? {} : { password: form.password }
    const reissue = begin ? { ...begin, ...body } : null
    const next = await (reissue ? api.startReissue(reissue, intents.start.keyFor(reissue)) : api.startEnrolment(body, intents.start.keyFor(body)))
    intents.start.close()
    adopt(next)
    return next
  })

  const verifying = useTask(async () => {
    const body = { code: form.code }
    try {
      adopt(await api.verifyEnrolmentCode(enrolment.value?.id ?? '', body, intents.code.keyFor(body)))
      form.password = ''
    } catch (error) {
      if (ProblemError.from(error).code === 'verify.code_wrong') form.code = ''
      throw error
    }
  })

  const fetching = useTask(async (choice: UnlockChoice | Prepared) => {
    const current = enrolment.value
    if (!current) throw ProblemError.local('enrolment.not_found')
    done.value = []
    stage.value = 'download'
    try {
      downloaded.value = await download(await setting(), current, form.deviceName.trim(), choice, (step) => { done.value = [...done.value, step] })
    } catch (error) {
      // Nothing was requested yet: choose again, with the PIN where a passkey cannot seal.
      const problem = ProblemError.from(error)
      if (!done.value.includes('request')) stage.value = 'device'
      if (problem.params.prf === 'missing') form.unlock = 'pin'
      throw problem
    }
  })

  const activating = useTask(async () => {
    if (!downloaded.value) throw ProblemError.local('enrolment.not_found')
    certificate.value = await activate(downloaded.value, await setting(), form.tap, askPin)
    done.value = [...done.value, 'activated']
    await session.load().catch(() => false)
    stage.value = 'done'
  })

  /** Begins anew after a time-out or a lost key. */
  function restart(): void {
    for (const task of [starting, verifying, fetching, activating]) task.reset()
    enrolment.value = null
    downloaded.value = null
    form.code = ''
    done.value = []
    stage.value = 'intro'
  }

  return { setting, adopt, stage, enrolment, form, done, downloaded, certificate, keyLost, inSitting, looking, starting, verifying, fetching, activating, restart }
}
