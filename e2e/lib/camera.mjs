// A QR code held before the fake camera: drawn, put on a table, encoded as motion JPEG.
import { writeFile } from 'node:fs/promises'
import jpeg from 'jpeg-js'
import qrcode from 'qrcode-generator'

const WIDTH = 640
const HEIGHT = 480
const FRAMES = 10

/** A picture of nothing, so that the camera exists before there is something to show. */
export async function emptyTable(path) {
  await writeFile(path, video(() => 120))
}

/** Show `text` as a QR code, slightly off the middle, on a grey table. */
export async function show(path, text) {
  const code = qrcode(0, 'M')
  code.addData(text, /^[0-9A-Z $%*+\-./:]*$/.test(text) ? 'Alphanumeric' : 'Byte')
  code.make()
  const modules = code.getModuleCount()
  const scale = Math.floor(400 / (modules + 8))
  const side = (modules + 8) * scale
  const left = Math.floor((WIDTH - side) / 2) + 12
  const top = Math.floor((HEIGHT - side) / 2) - 8
  await writeFile(path, video((x, y) => {
    const column = Math.floor((x - left) / scale)
    const row = Math.floor((y - top) / scale)
    if (column < 0 || row < 0 || column >= modules + 8 || row >= modules + 8) return 120
    const [inner, below] = [column - 4, row - 4]
    const isDark = inner >= 0 && below >= 0 && inner < modules && below < modules && code.isDark(below, inner)
    return isDark ? 24 : 245
  }))
}

/** The same frame some times over, as concatenated JPEG files. */
function video(shade) {
  const data = Buffer.alloc(WIDTH * HEIGHT * 4, 255)
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) data.fill(shade(x, y), (y * WIDTH + x) * 4, (y * WIDTH + x) * 4 + 3)
  }
  const frame = jpeg.encode({ data, width: WIDTH, height: HEIGHT }, 90).data
  return Buffer.concat(Array.from({ length: FRAMES }, () => frame))
}

/** Show what another screen shows: a JPEG picture of its code, on the same table. */
export async function showPicture(path, picture) {
  const seen = jpeg.decode(picture, { useTArray: true })
  const left = Math.floor((WIDTH - seen.width) / 2)
  const top = Math.floor((HEIGHT - seen.height) / 2)
  await writeFile(path, video((x, y) => {
    const [column, row] = [x - left, y - top]
    const inside = column >= 0 && row >= 0 && column < seen.width && row < seen.height
    return inside ? seen.data[(row * seen.width + column) * 4] : 120
  }))
}
