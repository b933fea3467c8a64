/** The server's clock as this device knows it; everything that is due by time is due by it. */
let aheadMs = 0

/** How far the server's clock is ahead of this device's. */
export function setServerAhead(ms: number): void { aheadMs = ms }

/** The server's time, in milliseconds. */
export function serverTime(): number { return Date.now() + aheadMs }
