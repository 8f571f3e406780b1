import type { Answer } from './inputs/answers.ts'
import type { Conversation, Dialect } from './conversation.ts'

/** How a worker came to a conversation: turn by turn, told all of it, or taken back to a part. */
export type Came = 'live' | 'seeded' | 'rewound'

/** Counts of what was played and how it ended. */
export class Tally {
  /** Requests: with each of them a whole conversation is compared. */
  conversations = 0
  /** Clients that went from their first question to their last. */
  clients = 0
  /** Requests that reached the model, each with one POST. */
  posts = 0
  differences = 0
  readonly byWay: Record<Came, number> = { live: 0, seeded: 0, rewound: 0 }
  readonly byDialect: Record<Dialect, number> = { chat: 0, responses: 0, messages: 0 }
  readonly byWorker = new Map<string, number>()
  /** By path, with their numbers taken out: refused with 4xx, or named in a header. */
  readonly refusals = new Map<string, number>()
  readonly named = new Map<string, number>()

  asked({ dialect }: Conversation): void {
    this.conversations++
    this.byDialect[dialect]++
  }

  answered(answer: Answer): void {
    this.posts++
    this.byWay[cameBy(answer)]++
    increment(this.byWorker, answer.worker)
    for (const path of answer.named) increment(this.named, general(path))
  }

  refused(path: string): void {
    increment(this.refusals, general(path))
  }

  table({ seed, seconds }: { seed: number; seconds: number }): string {
    const rate = (this.conversations / seconds).toFixed(1)
    const rows: [name: string, value: string][] = [
      ['seed', String(seed)],
      [
        'fuzzed conversations',
        `${this.conversations} in ${seconds.toFixed(0)} s, ${rate} a second, of ${this.clients} clients`,
      ],
      ['POSTs to the model', `${this.posts}, one for each request that was not refused`],
      ['by way', listed(Object.entries(this.byWay))],
      ['by API', listed(Object.entries(this.byDialect))],
      ['by worker', listed(this.byWorker)],
      ['refused, by path', listed(this.refusals)],
      ['named in a header, by path', listed(this.named)],
      ['differences that nothing names', String(this.differences)],
    ]
    return rows.map(([name, value]) => `${name.padEnd(31)} ${value}`).join('\n')
  }
}

function cameBy({ worker }: Answer): Came {
  if (worker === 'rewound') return 'rewound'
  return worker === 'resumed' || worker === 'unparked' ? 'live' : 'seeded'
}

function listed(counts: Iterable<[string, number]>): string {
  const pairs = [...counts].toSorted(([, a], [, b]) => b - a)
  return pairs.map(([key, count]) => `${key} ${count}`).join(', ') || 'none'
}

/** The path without the numbers of places. */
function general(path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]')
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
