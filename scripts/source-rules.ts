// House rules that no linter here knows, read from the syntax tree of one file: how long a file and
// its functions are, names that say nothing, asynchronous code in core, and in tests: `.only`,
// sleeps, skips. test/tidy.test.ts applies them, test/tidy-guards.test.ts proves that they see.

import { parseSync } from '@swc/core'

export const codeLinesMax = 400
export const functionLinesMax = 70

/** The one test file that may wait for time to pass: it polls a condition until a deadline. */
export const waiter = 'test/until.ts'

export interface Problem {
  readonly rule: string
  readonly file: string
  readonly line: number
  readonly detail: string
}

/** A test that is skipped or may be; `title` is empty when it is not written out. */
export interface Skip {
  readonly file: string
  readonly title: string
}

export interface SourceReport {
  readonly problems: readonly Problem[]
  readonly skips: readonly Skip[]
  /** So that a test can tell "all good" from "saw nothing". */
  readonly functions: number
}

/** A node of the syntax tree, seen as nothing but its children. */
interface Node {
  readonly type: string
  readonly span: { readonly start: number; readonly end: number }
  readonly [key: string]: unknown
}

interface Context {
  readonly file: string
  readonly lines: Lines
  readonly report: { problems: Problem[]; skips: Skip[]; functions: number }
}

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
])
const testCalls = new Set(['test', 'it', 'describe', 'suite'])
const emptyNames = /(^|[-./])(utils?|helpers?|common|misc|manager|impl)([-./]|$)/i
const emptyTypeNames = /(Manager|Impl|Utils?|Helpers?)$|^I[A-Z][a-z]/

/** Applies every rule to one file, whose path decides which rules those are. */
export function inspectSource(file: string, source: string): SourceReport {
  const lines = new Lines(source)
  const context: Context = { file, lines, report: { problems: [], skips: [], functions: 0 } }
  if (emptyNames.test(file)) report(context, 'name', 0, `${file} does not say what is inside`)
  const length = lines.code(0, lines.count)
  if (length > codeLinesMax) report(context, 'file-length', 0, `${length} lines of code`)
  // croner takes an instant as a Date only; that one file makes it from a number, and nothing reads a clock
  const mayDisable = file === 'src/core/scheduler/cron.ts'
  if (file.startsWith('src/core/') && !mayDisable && /(?:ox|es)lint-disable/.test(source)) {
    report(context, 'lint-disabled-in-core', 0, 'core keeps every rule')
  }
  const tree = parseSync(source, {
    syntax: 'typescript',
    tsx: file.endsWith('.tsx'),
    target: 'es2024',
  })
  visit(context, tree as unknown as Node, [])
  return context.report
}

function visit(context: Context, node: Node, titles: readonly string[]): void {
  if (functionTypes.has(node.type)) context.report.functions += 1
  judgeLength(context, node)
  judgeName(context, node)
  if (context.file.startsWith('src/core/')) judgeCore(context, node)
  if (context.file.startsWith('test/')) judgeTest(context, node, titles)
  const inner = isTestCall(node) ? [...titles, titleOf(node)] : titles
  for (const child of children(node)) {
    // What `describe` holds is a list of tests, not a function that anybody has to follow.
    if (isCallOf(node, ['describe', 'suite']) && functionTypes.has(child.type)) {
      for (const part of children(child)) visit(context, part, inner)
    } else visit(context, child, inner)
  }
}

function judgeLength(context: Context, node: Node): void {
  if (!functionTypes.has(node.type)) return
  const [first, last] = [context.lines.at(node.span.start), context.lines.at(node.span.end)]
  const length = context.lines.code(first, last + 1)
  if (length <= functionLinesMax) return
  report(context, 'function-length', node.span.start, `${length} lines of code`)
}

function judgeName(context: Context, node: Node): void {
  const declared =
    node.type === 'ClassDeclaration'
      ? node['identifier']
      : node.type === 'TsInterfaceDeclaration' || node.type === 'TsTypeAliasDeclaration'
        ? node['id']
        : undefined
  const name = nameOf(declared)
  if (emptyTypeNames.test(name)) report(context, 'name', node.span.start, name)
}

function judgeCore(context: Context, node: Node): void {
  const isAsync =
    (functionTypes.has(node.type) && node['async'] === true) ||
    isAsyncMethod(node['function']) ||
    node.type === 'AwaitExpression' ||
    (node.type === 'CallExpression' && isNode(node['callee']) && node['callee'].type === 'Import')
  if (isAsync) report(context, 'core-is-synchronous', node.span.start, node.type)
}

/** The tree keeps what a method does in an object without a type. */
function isAsyncMethod(method: unknown): boolean {
  return typeof method === 'object' && method !== null && 'async' in method && method.async === true
}

function judgeTest(context: Context, node: Node, titles: readonly string[]): void {
  if (node.type === 'ImportDeclaration' && context.file !== waiter) {
    const from = isNode(node['source']) ? String(node['source']['value']) : ''
    if (from.endsWith('timers/promises')) report(context, 'sleep', node.span.start, from)
  }
  if (isSleep(node) && context.file !== waiter) {
    report(context, 'sleep', node.span.start, 'wait for an event, with a deadline')
  }
  if (node.type !== 'CallExpression') return
  const modifier = modifierOf(node)
  const options = isTestCall(node) ? optionsOf(node) : new Set<string>()
  if (modifier === 'only' || options.has('only')) {
    report(context, 'only', node.span.start, titleOf(node))
  }
  const skips = ['skip', 'todo'].some((word) => modifier === word || options.has(word))
  if (!skips) return
  const title = isTestCall(node) ? titleOf(node) : (titles.at(-1) ?? '')
  context.report.skips.push({ file: context.file, title })
}

/** `sleep(…)` and `new Promise((done) => setTimeout(done, …))`, also with the call in between. */
function isSleep(node: Node): boolean {
  if (node.type === 'CallExpression') return nameOf(node['callee']) === 'sleep'
  if (node.type !== 'NewExpression' || nameOf(node['callee']) !== 'Promise') return false
  const executor = argumentsOf(node)[0]
  const first = isNode(executor) && Array.isArray(executor['params']) ? executor['params'][0] : null
  const resolve = nameOf(first) || nameOf(isNode(first) ? first['pat'] : null)
  if (!isNode(executor) || resolve === '') return false
  return descendants(executor).some((inner) => {
    if (inner.type !== 'CallExpression' || nameOf(inner['callee']) !== 'setTimeout') return false
    const callback = argumentsOf(inner)[0]
    if (callback === undefined) return false
    return nameOf(callback) === resolve || nameOf(callback['body'], 'callee') === resolve
  })
}

/** `test(…)`, `describe.skip(…)` and the like. */
function isTestCall(node: Node): boolean {
  return isCallOf(node, [...testCalls])
}

function isCallOf(node: Node, names: readonly string[]): boolean {
  if (node.type !== 'CallExpression') return false
  return names.includes(nameOf(node['callee']) || nameOf(node['callee'], 'object'))
}

/** The word after the dot: `skip` in `test.skip(…)` and in `t.skip(…)`. */
function modifierOf(call: Node): string {
  const owner = nameOf(call['callee'], 'object')
  return testCalls.has(owner) || owner === 't' ? nameOf(call['callee'], 'property') : ''
}

/** Names of the options that are set to anything but `false`. */
function optionsOf(call: Node): ReadonlySet<string> {
  const names = argumentsOf(call)
    .filter(({ type }) => type === 'ObjectExpression')
    .flatMap(children)
    .filter(({ value }) => !(isNode(value) && value['value'] === false))
    .map((property) =>
      property.type === 'Identifier' ? nameOf(property) : nameOf(property['key']),
    )
  return new Set(names)
}

function titleOf(call: Node): string {
  const title = argumentsOf(call)[0]
  return title?.type === 'StringLiteral' ? String(title['value']) : ''
}

function argumentsOf(call: Node): readonly Node[] {
  const list = Array.isArray(call['arguments']) ? call['arguments'] : []
  return list.map((argument: { expression: Node }) => argument.expression)
}

/** Name of an identifier, or of the identifier under `key` of a node. */
function nameOf(node: unknown, key?: string): string {
  if (!isNode(node)) return ''
  if (key !== undefined) return nameOf(node[key])
  return node.type === 'Identifier' ? String(node['value']) : ''
}

function descendants(node: Node): readonly Node[] {
  return children(node).flatMap((child) => [child, ...descendants(child)])
}

function children(node: Node): readonly Node[] {
  return Object.values(node).flat().flatMap(nodesIn)
}

/** The tree wraps some nodes in objects without a type, such as the arguments of a call. */
function nodesIn(value: unknown): readonly Node[] {
  if (isNode(value)) return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).filter(isNode)
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

function report(context: Context, rule: string, position: number, detail: string): void {
  const line = position === 0 ? 1 : context.lines.at(position) + 1
  context.report.problems.push({ rule, file: context.file, line, detail })
}

/** Lines of a file by the parser's positions, which count bytes from 1. */
class Lines {
  readonly #starts: number[] = [0]
  readonly #isCode: boolean[] = []

  constructor(source: string) {
    let bytes = 0
    let inComment = false
    for (const line of source.split('\n')) {
      const text = line.trim()
      if (!inComment && text.startsWith('/*')) inComment = true
      this.#isCode.push(text !== '' && !inComment && !text.startsWith('//'))
      if (inComment && text.includes('*/')) inComment = false
      bytes += Buffer.byteLength(line) + 1
      this.#starts.push(bytes)
    }
  }

  get count(): number {
    return this.#isCode.length
  }

  /** Index of the line that holds the position. */
  at(position: number): number {
    const next = this.#starts.findIndex((start) => start > position - 1)
    return next === -1 ? this.count - 1 : next - 1
  }

  /** Lines with code from `first` to before `end`. */
  code(first: number, end: number): number {
    return this.#isCode.slice(first, end).filter(Boolean).length
  }
}
