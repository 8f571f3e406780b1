import type { Bed } from '../bed.ts'
import type { Conversation } from '../conversations.ts'

/** One way to get an answer out of the CLI, or around it. */
export type Contender = {
  name: ContenderName
  /** By which the model API tells its requests from others'. */
  key: string
  /** Makes ready for this conversation; never part of a timed span. */
  prepare(conversation: Conversation): Promise<void>
  /** Asks, and yields the answer's text as it arrives. */
  answer(conversation: Conversation): AsyncGenerator<string>
  /** Resolves when nothing of the last answers is still at work. */
  settle(): Promise<void>
  /** CPU time used for requests so far, children included. */
  cpuSeconds(): number
  /** The processes that live for this contender now; the first is the server, if there is one. */
  pids(): number[]
  stop(): Promise<void>
}

export type StartContender = (bed: Bed) => Promise<Omit<Contender, 'key'>>

export const NAMES = [
  'us',
  'peer',
  'cold',
  'prebooted',
  'resumed',
  'live',
  'rewound',
  'direct',
] as const

export type ContenderName = (typeof NAMES)[number]

/** As the tables call them. */
export const CONTENDERS = {
  us: 'us',
  peer: 'npm peer',
  cold: 'bare CLI',
  prebooted: 'pre-booted worker',
  resumed: 'resumed spare',
  live: 'live worker',
  rewound: 'rewound worker',
  direct: 'no CLI',
} as const satisfies Record<ContenderName, string>

/** The one model that every contender knows by a name of its own. */
export const MODEL = 'sonnet'
