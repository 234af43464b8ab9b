import { statSync } from 'node:fs'
import type { Account } from './account.ts'

// Nothing else of the daemon's environment reaches a command: it may hold tokens and keys.
const allowed = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME', 'SHELL'] as const
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Variable by which a process that left its group is recognised: `owner:attempt`. */
export const markName = 'MESHCRON_OWNER'

/** The allow-listed part of the daemon's own environment; a profile may list other names. */
export function baseEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[] = allowed,
): Readonly<Record<string, string>> {
  const base: Record<string, string> = { PATH: defaultPath }
  for (const name of names) {
    const value = env[name]
    if (value !== undefined && value !== '') base[name] = value
  }
  return base
}

/** What the helper itself needs beside: whom to trust when an HTTP job uses TLS. */
export function trustEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}

/** The whole environment of one command, built from empty. */
export function commandEnvironment(
  base: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  mark: string,
): Readonly<Record<string, string>> {
  // No prototype: a variable named `__proto__` is only a variable.
  return Object.assign(Object.create(null), base, own, { [markName]: mark })
}

/** What an account's variables are, whatever the daemon's own say. */
export const accountEnvironment = ({
  name,
  home,
  shell,
}: Account): Readonly<Record<string, string>> => ({
  HOME: home,
  USER: name,
  LOGNAME: name,
  SHELL: shell,
})

/** Where commands run: the home directory as with cron, else the executor's own directory. */
export function workingDirectory(env: Readonly<Record<string, string>>, fallback: string): string {
  const home = env['HOME']
  return home !== undefined && isDirectory(home) ? home : fallback
}

/** Whether there is a directory of this name. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
