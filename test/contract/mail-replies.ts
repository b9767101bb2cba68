/** Replies as mail programs really send them: headers, encodings, quotes. `LIFEBOAT` is put for our address, REQUEST for the Message-ID they answer. */
export interface Reply {
  readonly client: string;
  readonly raw: Buffer;
  /** What it says; null: nothing that may be acted on. */
  readonly says: 'evacuate' | 'do-not' | null;
  readonly automatic: 'auto-reply' | 'bounce' | null;
}

const CODE = '482193';
const head = (...lines: readonly string[]) =>
  [
    'From: =?UTF-8?B?5p2O5Lyf?= <li@lab.test>',
    'To: Lifeboat <lifeboat@lab.test>',
    'In-Reply-To: <request-7@lab.test>',
    'References: <request-7@lab.test>',
    'Subject: Re: [Lifeboat lab] compute-7: evacuate?',
    'MIME-Version: 1.0',
    ...lines,
  ].join('\r\n');
/** `latin1`: one character a byte, so that bytes of any encoding can stand in it. */
const mail = (headers: string, body: string, encoding: BufferEncoding = 'utf8') =>
  Buffer.from(`${headers}\r\n\r\n${body.replaceAll('\n', '\r\n')}`, encoding);
const wrap = (text: string) => text.replace(/.{76}/g, '$&\n');
const base64 = (bytes: Buffer | string) => wrap(Buffer.from(bytes as string).toString('base64'));

/** 同意 482193, 拒绝 482193 in GB18030, as `iconv -t gb18030` writes them. */
const AGREE_GB = Buffer.concat([Buffer.from([0xcd, 0xac, 0xd2, 0xe2, 0x20]), Buffer.from(CODE)]);
const REFUSE_GB = Buffer.concat([Buffer.from([0xbe, 0xdc, 0xbe, 0xf8, 0x20]), Buffer.from(CODE)]);
const ASKED = `Host compute-7 failed. Reply YES ${CODE} to evacuate its 12 VMs, or NO ${CODE} to leave them.`;

const gmail = `--000000000000a1b2c3
Content-Type: text/plain; charset="UTF-8"

YES ${CODE}

On Mon, Nov 23, 2026 at 3:12 AM Lifeboat <lifeboat@lab.test> wrote:

> ${ASKED}
>

--000000000000a1b2c3
Content-Type: text/html; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

<div dir=3D"ltr">YES ${CODE}</div><br><div class=3D"gmail_quote"><blockquote>${ASKED}</blockquote></div>

--000000000000a1b2c3--
`;
const outlookHtml = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style></head><body lang="EN-US">
<p class="MsoNormal">No ${CODE}<o:p></o:p></p><p class="MsoNormal">&nbsp;</p>
<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Lifeboat &lt;lifeboat@lab.test&gt;<br><b>Sent:</b> Monday, November 23, 2026 3:12 AM<br><b>To:</b> Li Wei<br><b>Subject:</b> compute-7</p></div>
<p class="MsoNormal">${ASKED}</p></body></html>`;
const bounce = `--r
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered. YES ${CODE}

--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.lab.test
Final-Recipient: rfc822; li@lab.test
Action: failed
Status: 5.1.1

--r--
`;

export const replies: readonly Reply[] = [
  {
    client: 'mutt',
    raw: mail(head('Content-Type: text/plain; charset=us-ascii'), `> ${ASKED}\n\nYES ${CODE}\n\n-- \nLi Wei\n`),
    says: 'evacuate',
    automatic: null,
  },
  {
    client: 'Gmail',
    raw: mail(head('Content-Type: multipart/alternative; boundary="000000000000a1b2c3"'), gmail),
    says: 'evacuate',
    automatic: null,
  },
  {
    client: 'Outlook, HTML alone in base64',
    raw: mail(head('Content-Type: text/html; charset="utf-8"', 'Content-Transfer-Encoding: base64'), base64(outlookHtml)),
    says: 'do-not',
    automatic: null,
  },
  {
    client: 'Foxmail, GB18030 in base64',
    raw: mail(
      head('Content-Type: text/plain; charset="GB18030"', 'Content-Transfer-Encoding: base64', 'X-Mailer: Foxmail 7.2'),
      base64(Buffer.concat([AGREE_GB, Buffer.from('\r\n\r\nli@lab.test\r\n')])),
    ),
    says: 'evacuate',
    automatic: null,
  },
  {
    client: 'GB18030, 8bit',
    raw: mail(head('Content-Type: text/plain; charset=gb18030', 'Content-Transfer-Encoding: 8bit'), REFUSE_GB.toString('latin1'), 'latin1'),
    says: 'do-not',
    automatic: null,
  },
  {
    client: 'GB2312, quoted-printable',
    raw: mail(head('Content-Type: text/plain; charset=gb2312', 'Content-Transfer-Encoding: quoted-printable'), `=CD=AC=D2=E2 48=\n2193\n`),
    says: 'evacuate',
    automatic: null,
  },
  {
    client: 'QQ, UTF-8',
    raw: mail(
      head('Content-Type: text/plain; charset="utf-8"', 'Content-Transfer-Encoding: base64'),
      base64(`同意 ４８２１９３\n\n------------------ 原始邮件 ------------------\n发件人: "Lifeboat";\n${ASKED}`),
    ),
    says: 'evacuate',
    automatic: null,
  },
  {
    client: 'iPhone',
    raw: mail(
      head('Content-Type: text/plain; charset=utf-8'),
      `拒绝 ${CODE}\n\n发自我的iPhone\n\n> 在 2026年11月23日，上午3:12，Lifeboat <lifeboat@lab.test> 写道：\n> \n> ${ASKED}\n`,
    ),
    says: 'do-not',
    automatic: null,
  },
  {
    client: 'somebody who asks back',
    raw: mail(head('Content-Type: text/plain; charset=utf-8'), `Is YES ${CODE} safe?\n`),
    says: null,
    automatic: null,
  },
  {
    client: 'a struck-out yes',
    raw: mail(head('Content-Type: text/html; charset=utf-8'), `<p><s>YES ${CODE}</s></p>`),
    says: null,
    automatic: null,
  },
  {
    client: 'an absence notice that quotes',
    raw: mail(
      head('Content-Type: text/plain; charset=utf-8', 'Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All'),
      `YES ${CODE}\n`,
    ),
    says: 'evacuate',
    automatic: 'auto-reply',
  },
  {
    client: 'a bounce that quotes',
    raw: mail(head('Content-Type: multipart/report; report-type=delivery-status; boundary=r'), bounce),
    says: null,
    automatic: 'bounce',
  },
];
