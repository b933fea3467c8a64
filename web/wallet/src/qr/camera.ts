/** The rear camera as a stream, and a plain reason when there is none. */

export type CameraProblem = 'denied' | 'missing' | 'busy' | 'unsupported'

export type CameraResult = { stream: MediaStream } | { problem: CameraProblem }

/** Opens the camera that looks away from the person. Asks for permission when needed. */
export async function openCamera(): Promise<CameraResult> {
  // Absent outside secure contexts (http://192.168.…), whatever the permission.
  if (navigator.mediaDevices?.getUserMedia === undefined) return { problem: 'unsupported' }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
    })
    return { stream }
  } catch (error) {
    return { problem: problemOf(error) }
  }
}

/** Ends the stream so that the camera's light goes out. */
export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

function problemOf(error: unknown): CameraProblem {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return 'busy'
}
