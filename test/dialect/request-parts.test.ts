import { expect, test } from 'bun:test'
import { Remarks } from '../../src/dialect/remarks.ts'
import { toSampling } from '../../src/dialect/request-parts.ts'

const TEMPERATURES: [
  given: number,
  sampling: 'ignore' | 'forward',
  sent: object,
  changed: boolean,
][] = [
  [1, 'forward', { temperature: 1 }, false],
  [1.5, 'forward', { temperature: 1 }, true],
  [1.5, 'ignore', {}, false],
]
for (const [temperature, sampling, sent, changed] of TEMPERATURES) {
  test(`a temperature of ${temperature}, with sampling ${sampling}`, () => {
    const remarks = new Remarks()
    expect(toSampling({ temperature }, { sampling, remarks })).toEqual(sent)
    expect(remarks.changed).toEqual(changed ? ['temperature'] : [])
  })
}
