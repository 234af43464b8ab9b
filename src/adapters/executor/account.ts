import { readFileSync } from 'node:fs'

/** An account of this machine. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

/** The account of this name in /etc/passwd; undefined: there is none. */
export function accountOf(name: string, file: string = '/etc/passwd'): Account | undefined {
  const line = linesOf(file).find((one) => one.startsWith(`${name}:`))
  const [, , uid, gid, , home = '/', shell = '/bin/sh'] = line?.split(':') ?? []
  if (!/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return undefined
  return { name, uid: Number(uid), gid: Number(gid), home, shell }
}

/** Why commands cannot run under an account here; undefined: they can. */
export function lackOfAccount(name: string): string | undefined {
  if (accountOf(name) === undefined) return `this machine has no account ${name}`
  return process.getuid?.() === 0 ? undefined : `only a daemon of root may run as ${name}`
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
