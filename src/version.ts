import { version } from '../package.json'

/** Replaced by build.ts. A constant and not an environment variable: those are the owner's settings. */
declare const BUILD_COMMIT: string | undefined

/** Whether this runs as one executable, and not from its sources. */
export const isBinary = typeof BUILD_COMMIT === 'string'

export const VERSION = version

/** The commit the binary was built from; `dev` when run from source, which asks no git at start-up. */
export const COMMIT = typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'dev'
