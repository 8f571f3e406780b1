/** A model that the CLI reports: its alias and its full id. */
export type ModelInfo = { alias: string; id: string }
