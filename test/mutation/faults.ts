import { parseSync, Visitor } from 'oxc-parser'

/** A change of one place in a source that a good test must notice. */
export type Fault = { start: number; end: number; replacement: string; kind: string }

type Span = { start: number; end: number }

const SWAPPED: Record<string, string> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '&&': '||',
  '||': '&&',
  '??': '&&',
}

/** Every fault that can be planted in a TypeScript source. */
export function faultsIn(source: string): Fault[] {
  const { program, errors } = parseSync('source.ts', source)
  const [error] = errors
  if (error) throw new Error(error.message)
  const faults: Fault[] = []
  const textOf = ({ start, end }: Span) => source.slice(start, end)
  const plant = (span: Span, replacement: string, kind: string) =>
    faults.push({ start: span.start, end: span.end, replacement, kind })

  const swapOperator = (node: Span & { left: Span; right: Span; operator: string }) => {
    const other = SWAPPED[node.operator]
    if (!other) return
    const left = textOf({ start: node.start, end: node.left.end })
    const right = textOf({ start: node.right.start, end: node.end })
    plant(node, `(${left}) ${other} (${right})`, `${node.operator} -> ${other}`)
  }
  const negate = (test: Span) => plant(test, `!(${textOf(test)})`, 'negated condition')

  new Visitor({
    BinaryExpression: (node) => swapOperator(node),
    LogicalExpression: (node) => swapOperator(node),
    IfStatement: ({ test }) => negate(test),
    ConditionalExpression: ({ test }) => negate(test),
    UnaryExpression(node) {
      if (node.operator === '!') plant(node, `(${textOf(node.argument)})`, 'removed !')
    },
    ExpressionStatement(node) {
      const { type } = node.expression
      if (type === 'CallExpression' || type === 'AwaitExpression') plant(node, ';', 'removed call')
      if (type === 'AssignmentExpression') plant(node, ';', 'removed assignment')
    },
    ObjectExpression({ properties }) {
      const values = properties.flatMap((one) =>
        one.type === 'Property' && one.value.type === 'Literal' ? [one.value] : [],
      )
      const [first, second] = values
      // A table: its first two entries change places.
      if (!first || !second || textOf(first) === textOf(second)) return
      const between = source.slice(first.end, second.start)
      const swapped = textOf(second) + between + textOf(first)
      plant({ start: first.start, end: second.end }, swapped, 'swapped table entries')
    },
    Literal(node) {
      if (typeof node.value === 'boolean') plant(node, String(!node.value), 'flipped boolean')
      if (typeof node.value === 'number') plant(node, `(${textOf(node)} + 1)`, 'number + 1')
    },
  }).visit(program)
  return faults
}

/** The source with one fault in it. */
export function planted(source: string, { start, end, replacement }: Fault): string {
  return source.slice(0, start) + replacement + source.slice(end)
}
