/** Files can be read by their owner only. */
const OWNER_ONLY_UMASK = 0o077

/**
 * Starts a process whose files nobody else can read, because the CLI logs the arguments of tool
 * calls. A child process gets the umask that is set when it starts.
 */
export function withPrivateFiles<T>(start: () => T): T {
  const umask = process.umask(OWNER_ONLY_UMASK)
  try {
    return start()
  } finally {
    process.umask(umask)
  }
}
