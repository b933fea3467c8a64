/** Finds QR codes in a picture: the browser's own detector where there is one, else our worker. */
import type { ReadAnswer, ReadRequest } from './protocol'

export interface CodeReader {
  /** The texts found in the picture, none when there is no code. Rejects when reading is impossible here. */
  read(picture: HTMLVideoElement | ImageBitmap): Promise<string[]>
  close(): void
}

/** The part of the Shape Detection API that is used; not in TypeScript's library. */
interface BarcodeDetectorLike {
  detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]>
}
interface BarcodeDetectorClass {
  new (options: { formats: string[] }): BarcodeDetectorLike
  getSupportedFormats(): Promise<string[]>
}

/** Longest side handed to the worker: larger costs time and reads no better. */
const SIDE_PIXELS_MAX = 1280

/** The browser's detector, or `null` where it is absent or cannot read QR codes. */
export async function nativeReader(): Promise<CodeReader | null> {
  const Detector = (globalThis as { BarcodeDetector?: BarcodeDetectorClass }).BarcodeDetector
  if (Detector === undefined) return null
  try {
    if (!(await Detector.getSupportedFormats()).includes('qr_code')) return null
    const detector = new Detector({ formats: ['qr_code'] })
    return {
      read: async (picture) => (await detector.detect(picture)).map((code) => code.rawValue),
      close: () => undefined,
    }
  } catch {
    return null
  }
}

/** A reader that asks a worker; `worker` is owned by it from here on. */
export function workerReader(worker: Worker): CodeReader {
  const canvas = document.createElement('canvas')
  const waiting = new Map<number, { resolve(texts: string[]): void; reject(error: Error): void }>()
  let last = 0

  const failAll = () => {
    for (const { reject } of waiting.values()) reject(new Error('the QR worker failed'))
    waiting.clear()
  }
  worker.onerror = failAll
  worker.onmessageerror = failAll
  worker.onmessage = (event: MessageEvent<ReadAnswer>) => {
    const answer = event.data
    const promise = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('texts' in answer) promise?.resolve(answer.texts)
    else promise?.reject(new Error('the QR worker could not read'))
  }

  return {
    read: (picture) => {
      const image = pixelsOf(picture, canvas)
      if (image === null) return Promise.resolve([])
      last += 1
      const request: ReadRequest = { id: last, image }
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject })
        worker.postMessage(request, [image.data.buffer])
      })
    },
    close: () => {
      worker.terminate()
      failAll()
    },
  }
}

/** The picture's pixels, scaled down to what the worker needs; `null` before a video has a frame. */
function pixelsOf(picture: HTMLVideoElement | ImageBitmap, canvas: HTMLCanvasElement): ImageData | null {
  const width = 'videoWidth' in picture ? picture.videoWidth : picture.width
  const height = 'videoHeight' in picture ? picture.videoHeight : picture.height
  if (width === 0 || height === 0) return null
  const scale = Math.min(1, SIDE_PIXELS_MAX / Math.max(width, height))
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return null
  context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}
