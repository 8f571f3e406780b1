import { ConfigError, type ConfigSources, resolveConfig } from '../../src/config.ts'

/** The reason for which these settings are refused. */
export function refusal(sources: ConfigSources): string {
  try {
    resolveConfig(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('The settings were accepted.')
}
