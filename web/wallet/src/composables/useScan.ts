import { onScopeDispose, ref, shallowRef } from 'vue'
import { scriptUrl } from '@shared/trusted'
import workerUrl from '@/qr/qr-worker?worker&url'
import { type CameraProblem, closeCamera, openCamera } from '@/qr/camera'
import { type CodeReader, nativeReader, workerReader } from '@/qr/reader'

/**
 * ```text
 * starting ─▶ looking ─▶ (a text is found: `onText`, which says whether to go on)
 *     └─▶ denied | missing | busy | unsupported   (a picture can still be read)
 *  any ─▶ failed   (codes cannot be read at the moment)
 * ```
 */
export type ScanState = 'starting' | 'looking' | 'stopped' | 'failed' | CameraProblem

/** Pause between two frames; a frame takes 20–60 ms to read. */
const FRAME_MS = 120

async function createReader(): Promise<CodeReader> {
  return (await nativeReader()) ?? workerReader(new Worker(scriptUrl(workerUrl), { type: 'module' }))
}

/** Reads codes from the camera and from pictures. `onText` gets the first text found; scanning pauses then. */
export function useScan(onText: (text: string) => void) {
  const state = ref<ScanState>('starting')
  const stream = shallowRef<MediaStream | null>(null)
  /** A picture was read and held no code. */
  const empty = ref(false)
  let reader: Promise<CodeReader> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  const getReader = (): Promise<CodeReader> => (reader ??= createReader().catch((error: unknown) => { reader = null; throw error }))

  /** Opens the camera; the screen then shows `stream` and calls `look`. */
  async function start(): Promise<void> {
    stop()
    empty.value = false
    state.value = 'starting'
    const result = await openCamera()
    if ('problem' in result) { state.value = result.problem; return }
    // The person may have left while the browser was asking for permission.
    if (over) { closeCamera(result.stream); return }
    stream.value = result.stream
    state.value = 'looking'
  }

  /** Looks at the video's frames until a code is found. */
  function look(video: HTMLVideoElement): void {
    clearTimeout(timer)
    const frame = async () => {
      if (over || state.value !== 'looking') return
      try {
        const texts = video.readyState >= video.HAVE_CURRENT_DATA ? await (await getReader()).read(video) : []
        if (state.value === 'looking' && texts[0] !== undefined) { found(texts[0]); return }
      } catch {
        fail()
        return
      }
      timer = setTimeout(() => void frame(), FRAME_MS)
    }
    void frame()
  }

  /** Reads a picture that the person chose. It never leaves the phone. */
  async function readPicture(file: Blob): Promise<void> {
    empty.value = false
    try {
      const picture = await createImageBitmap(file)
      const texts = await (await getReader()).read(picture)
      picture.close()
      if (texts[0] === undefined) empty.value = true
      else found(texts[0])
    } catch (error) {
      // A file that is no picture holds no code.
      if (error instanceof DOMException) empty.value = true
      else fail()
    }
  }

  function found(text: string): void {
    stop()
    onText(text)
  }
  function fail(): void {
    stop()
    void reader?.then((one) => one.close(), () => undefined)
    reader = null
    state.value = 'failed'
  }
  function stop(): void {
    clearTimeout(timer)
    if (stream.value !== null) closeCamera(stream.value)
    stream.value = null
    state.value = 'stopped'
  }

  onScopeDispose(() => {
    over = true
    stop()
    void reader?.then((one) => one.close(), () => undefined)
  })
  return { state, stream, empty, start, look, readPicture }
}
