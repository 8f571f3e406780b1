import { version } from '../package.json'

/** Replaced by build.ts. It is not an environment variable, because those belong to the owner. */
declare const BUILD_COMMIT: string | undefined

/** Whether this is the compiled binary, not the sources. */
export const isBinary = typeof BUILD_COMMIT === 'string'

export const VERSION = version

/** The commit that the binary was built from, or `dev`: git is not called at start. */
export const COMMIT = typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'dev'
