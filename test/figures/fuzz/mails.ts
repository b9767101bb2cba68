import type { Chance } from './chance.ts';

/** Bytes of GB18030, by asking what each pair of bytes reads as. Characters beyond its two-byte part: null. */
const gb: ReadonlyMap<string, readonly [number, number]> = (() => {
  const decoder = new TextDecoder('gb18030');
  const found = new Map<string, readonly [number, number]>();
  for (let a = 0x81; a <= 0xfe; a += 1)
    for (let b = 0x40; b <= 0xfe; b += 1) if (b !== 0x7f) found.set(decoder.decode(Uint8Array.of(a, b)), [a, b]);
  return found;
})();
export function gb18030(text: string): Buffer | null {
  const bytes: number[] = [];
  for (const c of text) {
    const pair = (c.codePointAt(0) ?? 0) < 0x80 ? [c.charCodeAt(0)] : gb.get(c);
    if (pair === undefined) return null;
    bytes.push(...pair);
  }
  return Buffer.from(bytes);
}

const quotedPrintable = (bytes: Buffer): string =>
  [...bytes]
    .map((b) =>
      b === 10 ? '\n' : b > 32 && b < 127 && b !== 61 ? String.fromCharCode(b) : `=${b.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
    .split('\n')
    .map((line) => line.replace(/.{1,70}(?![0-9A-F]?$)(?<!=.?)/g, (part) => (part.length < 70 ? part : `${part}=\n`)))
    .join('\n');
const escaped = (text: string) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);
const html = (text: string) =>
  `<html><head><style>p{}</style></head><body><div>${escaped(text).replaceAll('\n', '</div><div>')}</div></body></html>`;

/** A mail as a client sends it: any of the encodings, as text, HTML or both. */
export function makeMail(c: Chance, text: string, headers: readonly string[] = []): Buffer {
  // What no character set has cannot be in a mail.
  const clean = text.replace(/\p{Cs}/gu, '').replaceAll('\u0000', '');
  const part = (type: string, content: string): Buffer => {
    const gbBytes = c.happens(0.4) ? gb18030(content) : null;
    const bytes = gbBytes ?? Buffer.from(content);
    const charset = gbBytes === null ? 'utf-8' : c.one(['GB18030', 'gb18030', 'gbk', 'GB2312']);
    const encoding = c.one(['base64', 'quoted-printable', '8bit']);
    const body =
      encoding === 'base64'
        ? Buffer.from(bytes.toString('base64').replace(/.{76}/g, '$&\r\n'))
        : encoding === 'quoted-printable'
          ? Buffer.from(quotedPrintable(bytes))
          : bytes;
    const head = `Content-Type: ${type}; charset="${charset}"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
  };
  const top = Buffer.from(
    `${['From: Li Wei <li.wei@example.org>', 'To: lifeboat@example.org', 'Subject: Re: compute-7', `Message-ID: <${c.code()}@client>`, 'MIME-Version: 1.0', ...headers].join('\r\n')}\r\n`,
  );
  const kind = c.one(['plain', 'html', 'both']);
  if (kind !== 'both') return Buffer.concat([top, kind === 'plain' ? part('text/plain', clean) : part('text/html', html(clean))]);
  const line = (end = '') => Buffer.from(`--b0undary${end}\r\n`);
  const multipart = Buffer.from('Content-Type: multipart/alternative; boundary="b0undary"\r\n\r\n');
  return Buffer.concat([top, multipart, line(), part('text/plain', clean), line(), part('text/html', html(clean)), line('--')]);
}

/** The same with bytes changed, doubled or cut off. */
export function broken(c: Chance, raw: Buffer): Buffer {
  const bytes = Buffer.from(raw);
  for (let n = c.below(20); n > 0; n -= 1) bytes[c.below(bytes.length)] = c.below(256);
  return c.happens(0.3) ? bytes.subarray(0, c.below(bytes.length)) : bytes;
}
