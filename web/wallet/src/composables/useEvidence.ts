import type { Acceptance } from '@shared/api/types'
import { saveFile } from '@/save-file'

/** Saves what proves a record as a file, exactly as the server answered it. */
export function saveEvidence(acceptance: Acceptance): void {
  saveFile(JSON.stringify(acceptance, null, 2), `yinxin-${acceptance.payment.number}.json`, 'application/json')
}
