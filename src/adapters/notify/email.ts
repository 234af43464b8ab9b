import type { Channel } from '../../ports/notifier.ts'
import type { Message } from './message.ts'
import { submit } from './smtp.ts'

type Email = Extract<Channel, { kind: 'email' }>

/** Hands the message to the mail server of the channel. */
export async function sendMail(
  channel: Email,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const { from, to } = channel
  await submit(channel, { from, to, data: mailOf(channel, message, new Date()) }, signal)
}

/** Headers and body in ASCII; the same message has the same Message-ID, so that readers see it once. */
export function mailOf({ from, to }: Email, message: Message, at: Date): string {
  const host = from.slice(from.indexOf('@') + 1)
  const headers = [
    `From: meshcron <${from}>`,
    `To: ${to.join(', ')}`,
    `Subject: ${encodeWords(message.text)}`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${message.id}@${host}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ]
  const body = Buffer.from(message.body).toString('base64').replaceAll(/.{76}/g, '$&\r\n')
  return [...headers, '', body, ''].join('\r\n')
}

/** RFC 2047: words of at most 75 characters, each with whole characters. */
function encodeWords(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200)
  if (/^[ -~]*$/.test(line) && line.length <= 70) return line
  const words: string[] = []
  let word = ''
  for (const { segment } of new Intl.Segmenter('en').segment(line)) {
    if (Buffer.byteLength(word + segment) > 42) {
      words.push(word)
      word = ''
    }
    word += segment
  }
  return [...words, word]
    .map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`)
    .join('\r\n ')
}
