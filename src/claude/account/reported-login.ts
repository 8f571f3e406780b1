import { z } from 'zod'

/** What of the answer to `initialize` is of use: where the CLI has its login from. */
const Initialized = z.object({
  account: z
    .object({
      tokenSource: z.string().nullish(),
      apiKeySource: z.string().nullish(),
      apiProvider: z.string().nullish(),
    })
    .nullish(),
})

/** Whether the CLI has a login, by its answer to `initialize`; undefined if that does not tell. */
export function reportedLogin(answer: unknown): boolean | undefined {
  const { account } = Initialized.safeParse(answer).data ?? {}
  // Of a cloud provider's login the CLI says nothing here.
  if (account?.apiProvider !== 'firstParty') return undefined
  const { tokenSource, apiKeySource } = account
  return (tokenSource ?? 'none') !== 'none' || Boolean(apiKeySource)
}
