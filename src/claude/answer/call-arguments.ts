/** A live CLI loses a key of this name in its history; a history that is handed over keeps it. */
const PROTO = /"__proto__"\s*:/
/** `\\u0041` inside a string: a live CLI replaces it by `A` in its history. */
const ESCAPE_IN_TEXT = /\\\\u[\da-f]{4}/i

/** Whether a live CLI's history has other arguments for this call than the model wrote. */
export function isRememberedOtherwise(json: string): boolean {
  return ESCAPE_IN_TEXT.test(json) || PROTO.test(json)
}

/** Arguments that the model left unfinished are not JSON. They are kept as text. */
export function parseArguments(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
