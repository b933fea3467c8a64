import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { beforeAll, describe, expect, it } from 'vitest'
import { QUIET_MODULES, drawQr } from './draw'

const SCALE_PIXELS = 4

/** Paints the path as a picture would be: the reader is the judge, not our own idea of a QR code. */
function paint(text: string): { data: Uint8ClampedArray; width: number; height: number } {
  const { size, path } = drawQr(text)
  const side = size * SCALE_PIXELS
  const data = new Uint8ClampedArray(side * side * 4).fill(255)
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let row = Number(y) * SCALE_PIXELS; row < (Number(y) + 1) * SCALE_PIXELS; row += 1) {
      for (let column = Number(x) * SCALE_PIXELS; column < (Number(x) + Number(length)) * SCALE_PIXELS; column += 1) {
        data.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3)
      }
    }
  }
  return { data, width: side, height: side }
}

beforeAll(() => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(file)).buffer } })
})

describe('a drawn code', () => {
  it('is read back by a reader made by others', async () => {
    for (const text of ['HTTP://LOCALHOST:8088/Q/CIAAAAAAAAAAAAAAAAAAAAAAAAAA', 'http://localhost:8088/pay/ord_x', '印信']) {
      const results = await readBarcodes(paint(text) as ImageData, { formats: ['QRCode'] })
      expect(results.map((result) => result.text)).toEqual([text])
    }
  })

  it('stays small for upper-case addresses and keeps its quiet zone', () => {
    const text = `HTTP://LOCALHOST:8088/Q/${'A'.repeat(44)}`
    const { size, path } = drawQr(text)
    expect(size).toBeLessThanOrEqual(33 + 2 * QUIET_MODULES)
    expect(drawQr(text.toLowerCase()).size).toBeGreaterThan(size)
    expect(path.startsWith(`M${QUIET_MODULES} ${QUIET_MODULES}h7v1`)).toBe(true)
  })
})
