import type { Wording } from './wording.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (s: string): string => s.replace(/[&<>"']/g, (c) => escapes[c] ?? c);

const STYLE = `body{margin:0;background:#f4f5f7;color:#1c2430;font:16px/1.5 system-ui,'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif}
main{max-width:34rem;margin:2.5rem auto;padding:1.75rem;background:#fff;border:1px solid #dfe3e8;border-radius:10px}
h1{font-size:1.2rem;margin:0 0 1rem}p{margin:.5rem 0}ul{margin:.5rem 0;padding-left:1.2rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem;margin:1.2rem 0;color:#566070;font-size:.9rem}dd{margin:0;overflow-wrap:anywhere}
a,p{overflow-wrap:anywhere}li{margin:.2rem 0}small{display:block;color:#566070;font-size:.8rem;overflow-wrap:anywhere}
code{display:block;overflow-x:auto;white-space:nowrap;font:.85rem ui-monospace,monospace}form{display:flex;gap:.75rem;flex-wrap:wrap;margin-top:1.25rem}
button{flex:1 1 12rem;min-height:3rem;border-radius:8px;border:1px solid #b9c1cc;background:#fff;color:#1c2430;font:inherit;font-weight:600;cursor:pointer}
button[value=evacuate]{background:#0b6b3a;border-color:#0b6b3a;color:#fff}button:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}
.code{font:700 1.15rem ui-monospace,monospace;letter-spacing:.12em}.note{color:#566070;font-size:.9rem}
@media(max-width:36rem){main{margin:0;border:0;border-radius:0}}`;

/** One page for mails and for the web: no script, nothing loaded from elsewhere. */
export const page = (w: Wording, body: string): string =>
  `<!doctype html><html lang="${w.yes === '同意' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${text(w.page.title)}</title><style>${STYLE}</style></head><body><main><h1>${text(w.page.title)}</h1>${body}</main></body></html>`;

export interface Lines {
  readonly what: string;
  /** A line for each incident, and its name, where several are asked about together. */
  readonly each: readonly Readonly<{ says: string; name: string }>[];
  readonly proven: string;
  readonly planned: string;
  readonly clusters: readonly string[];
  readonly until: string;
  readonly quorum: string;
  /** The only one; empty where there are several. */
  readonly incident: string;
  /** How to decide about one of several: the words, and the command. */
  readonly alone: Readonly<{ says: string; command: string }> | null;
}

const items = (lines: readonly string[]): string =>
  lines.length === 0 ? '' : `<ul>${lines.map((l) => `<li>${text(l)}</li>`).join('')}</ul>`;
const row = (label: string, value: string): string => (value === '' ? '' : `<dt>${text(label)}</dt><dd>${text(value)}</dd>`);

const shared = (w: Wording, lines: Lines): string =>
  [
    `<p><strong>${text(lines.what)}</strong></p>`,
    lines.each.length === 0 ? '' : `<ul>${lines.each.map((l) => `<li>${text(l.says)}<small>${text(l.name)}</small></li>`).join('')}</ul>`,
    `<p>${text(lines.proven)}</p><p>${text(lines.planned)}</p>`,
    items(lines.clusters),
    lines.quorum === '' ? '' : `<p>${text(lines.quorum)}</p>`,
    lines.alone === null ? '' : `<p class="note">${text(lines.alone.says)}<code>${text(lines.alone.command)}</code></p>`,
    `<dl>${row(w.labels.incident, lines.incident)}${row(w.labels.until, lines.until)}</dl>`,
  ].join('');

/** In a mail: how to answer. A mail has no buttons: what scanners open must change nothing. */
export const question = (
  w: Wording,
  lines: Lines,
  answer: { readonly code: string; readonly howTo: string; readonly url: string | null },
): string =>
  [
    shared(w, lines),
    `<p>${text(answer.howTo)}</p><p class="code">${text(answer.code)}</p>`,
    answer.url === null ? '' : `<p>${text(w.linkSays)}<br><a href="${text(answer.url)}">${text(answer.url)}</a></p>`,
    `<p class="note">${text(w.keepSecret)}</p>`,
  ].join('');

/** On the web: the buttons post to the page's own address. */
export const buttons = (w: Wording, lines: Lines): string =>
  `${shared(w, lines)}<form method="post"><button name="answer" value="evacuate">${text(w.buttons.yes)}</button><button name="answer" value="do-not">${text(w.buttons.no)}</button></form>`;

export const words = (s: string): string => `<p>${text(s)}</p>`;
