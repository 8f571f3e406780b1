/** For the owner alone. */
const OWNER_ONLY_UMASK = 0o077

/**
 * Starts a process whose files nobody else can read: the CLI notes what its tools were called with.
 * A child has the umask that we have when it is started.
 */
export function withPrivateFiles<T>(start: () => T): T {
  const umask = process.umask(OWNER_ONLY_UMASK)
  try {
    return start()
  } finally {
    process.umask(umask)
  }
}
