/** Opening a kit's file with its passphrase, with progress while the passphrase is stretched. */
import { computed, ref, shallowRef } from 'vue'
import { openKit, readKit, type OpenKit } from '@shared/kit'
import { ProblemError } from '@shared/api/problem'
import type { Bytes } from '@shared/signing/bytes'
import { useTask } from '@shared/task'
import { serverNow, session } from '@/session'

export function useKitFile() {
  const name = ref('')
  const passphrase = ref('')
  const progress = ref(0)
  const bytes = shallowRef<Bytes | null>(null)

  const choosing = useTask(async (file: File) => {
    bytes.value = null
    name.value = file.name
    bytes.value = await readKit(file)
    return true
  })

  /** The opened kit; the passphrase is gone afterwards. */
  const opening = useTask(async (): Promise<OpenKit> => {
    if (!bytes.value) throw ProblemError.local('device.kit_file')
    const deployment = await session.loadDeployment()
    progress.value = 0
    const opened = await openKit(bytes.value, passphrase.value, { origin: deployment.origin, now: serverNow() }, session.me.value?.account ?? null, (part) => { progress.value = part })
    passphrase.value = ''
    return opened
  })

  const ready = computed(() => bytes.value !== null && passphrase.value.trim().length >= 12)
  return { name, passphrase, progress, choosing, opening, ready, problem: computed(() => choosing.problem.value ?? opening.problem.value) }
}
