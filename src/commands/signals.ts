/** The first and the second signal to stop, as promises: the first one lets answers finish. */
export function stopSignals() {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let seen = 0
  const note = () => (seen++ === 0 ? first : second).resolve()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, note)
  return {
    first: first.promise,
    second: second.promise,
    dispose() {
      for (const name of names) process.off(name, note)
    },
  }
}
