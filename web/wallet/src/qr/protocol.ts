/** What the page and the QR worker say to each other. */

export interface ReadRequest {
  id: number
  image: ImageData
}

export type ReadAnswer = { id: number; texts: string[] } | { id: number; failed: true }
