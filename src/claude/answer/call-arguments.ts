/** A live CLI loses a key of this name, while a seeded one keeps it. */
const PROTO = /"__proto__"\s*:/
/** `\\u0041` within a text: of what the model wrote so, a live CLI remembers `A`. */
const ESCAPE_IN_TEXT = /\\\\u[\da-f]{4}/i

/** Whether a live CLI remembers these arguments of a call as others than the model wrote. */
export function isRememberedOtherwise(json: string): boolean {
  return ESCAPE_IN_TEXT.test(json) || PROTO.test(json)
}

/** Arguments that the model left unfinished are no JSON; they stay what they are. */
export function parseArguments(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
