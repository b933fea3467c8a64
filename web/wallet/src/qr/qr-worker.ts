/**
 * Reads QR codes where the browser has no BarcodeDetector. The file is a worker of its own because its
 * response alone may carry 'wasm-unsafe-eval'; the wasm comes from our origin, fetched on the first scan.
 */
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'
import type { ReadAnswer, ReadRequest } from './protocol'

/** A counter shows one code; two or three may be in a picture of a wall. */
const CODES_MAX = 4

prepareZXingModule({ overrides: { locateFile: () => wasmUrl } })

self.onmessage = async (event: MessageEvent<ReadRequest>) => {
  const { id, image } = event.data
  let answer: ReadAnswer
  try {
    const results = await readBarcodes(image, {
      formats: ['QRCode'],
      tryHarder: true,
      maxNumberOfSymbols: CODES_MAX,
    })
    answer = { id, texts: results.filter((result) => result.isValid).map((result) => result.text) }
  } catch {
    answer = { id, failed: true }
  }
  self.postMessage(answer)
}
