/** Unix time in whole seconds, as most APIs have it. */
export function unixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}
