/** Draws a QR code as the data of one SVG path: no image, no markup strings, one colour. */
import qrcode from 'qrcode-generator'

/** The quiet zone that ISO/IEC 18004 asks for, in modules. */
export const QUIET_MODULES = 4

export interface QrDrawing {
  /** Side of the square in modules, quiet zone included. */
  size: number
  /** Path data; one unit is one module. */
  path: string
}

/** Characters that fit QR's alphanumeric mode, which needs 5.5 bits each instead of 8. */
const ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]+$/

// The library's own default keeps the low byte of each UTF-16 unit.
qrcode.stringToBytes = (text) => [...new TextEncoder().encode(text)]

/** Draws `text` with error correction level M. */
export function drawQr(text: string): QrDrawing {
  const code = qrcode(0, 'M')
  code.addData(text, ALPHANUMERIC.test(text) ? 'Alphanumeric' : 'Byte')
  code.make()
  const count = code.getModuleCount()
  let path = ''
  for (let row = 0; row < count; row += 1) {
    let column = 0
    while (column < count) {
      const start = column
      while (column < count && code.isDark(row, column)) column += 1
      const length = column - start
      if (length > 0) {
        path += `M${start + QUIET_MODULES} ${row + QUIET_MODULES}h${length}v1h-${length}z`
      } else {
        column += 1
      }
    }
  }
  return { size: count + 2 * QUIET_MODULES, path }
}
