import { languages } from './words.js';

const $ = (id) => document.getElementById(id);
const el = (tag, attributes = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) {
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (typeof v === 'boolean') e.toggleAttribute(k, v);
    else e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c !== null && c !== ''));
  return e;
};
const button = (text, onclick, attributes = {}) => el('button', { type: 'button', onclick, ...attributes }, text);
const path = (...parts) => parts.map(encodeURIComponent).join('/');
const time = (at) => new Date(at).toLocaleTimeString('en-GB');
const duration = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
};

// what machines say is translated where it is one of a few words
const verdict = (i) => w.verdicts[i.verdict] ?? i.verdict;
/** `person: why; capacity: why` */
const waits = (said) =>
  said.replace(/(^|; )(isolation|confirmation|person|capacity|cloud): /g, (_, before, what) => `${before}${w.waitsFor[what] ?? what}: `);
const vmState = (said) => w.vmStates[said] ?? said;
const outcome = (x) => w.outcomes[x.outcome] ?? x.outcome;

let language = localStorage.getItem('language') ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en');
let w = languages[language] ?? languages.en;
let me = { name: null, orders: false };
let last = null;
let found = null;

/* ------------------------------------------------------------------ orders */

const sure = (question) =>
  new Promise((resolve) => {
    $('question').textContent = question;
    $('yes').textContent = w.yes;
    const over = (answer) => () => {
      $('sure').close();
      resolve(answer);
    };
    $('yes').onclick = over(true);
    $('no').onclick = over(false);
    $('sure').oncancel = () => resolve(false);
    $('sure').showModal();
  });

const say = (text, good) => {
  const where = $('page').open ? $('said') : $('lacks');
  where.textContent = text;
  where.className = good ? 'good' : 'bad';
  where.hidden = text === '';
};

/** Asks once more, orders, and says what has come of it. */
async function order(question, url, body) {
  if (!(await sure(question))) return;
  say(w.working, true);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'accept-language': language, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = await answer.json();
    if (!answer.ok) return say(said.problem, false);
    const told = said.told.length > 0 ? said.told.join('; ') : w.nobodyYet;
    say(`${w.given(said.by, time(said.at))} ${told}`, true);
    // as it is after that
    if ($('page').open) await redraw();
  } catch (e) {
    say(e.message, false);
  }
}

async function read(url) {
  const answer = await fetch(url, { headers: { 'accept-language': language } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.problem);
  return body;
}

/* ------------------------------------------------------------------ pages */

let redraw = async () => {};

async function show(title, make) {
  $('title').textContent = title;
  $('body').replaceChildren();
  $('said').textContent = '';
  if (!$('page').open) $('page').showModal();
  redraw = async () => {
    try {
      $('body').replaceChildren(...(await make()));
    } catch (e) {
      say(e.message, false);
    }
  };
  await redraw();
}

const table = (heads, rows) =>
  el(
    'div',
    { class: 'wide' },
    el('table', {}, el('thead', {}, el('tr', {}, ...heads.map((h) => el('th', {}, h)))), el('tbody', {}, ...rows)),
  );

/** Known by its name, acted on by its id. */
const vmCell = (v) => (v.name === '' ? el('td', {}, v.vm) : el('td', {}, v.name, el('small', {}, v.vm)));

const orderButtons = (...all) => el('div', { class: 'buttons' }, ...all.filter((b) => b !== null));
const canOrder = () => (me.orders ? {} : { disabled: true, title: w.reader });

const showIncident = (incident) => show(incident, async () => incidentPage(await read(`api/incidents/${path(incident)}`)));

function incidentPage(i) {
  const c = w.columns;
  const facts = el('p', {}, `${verdict(i)} · ${i.hosts.join(', ')} · ${w.modes[i.automation]} · ${i.rule}`);
  const story = [el('h3', {}, w.story), el('pre', {}, i.story.join('\n'))];
  if (i.closedAt !== null) {
    const rows = i.vms.map((v) =>
      el('tr', {}, vmCell(v), ...[vmState(v.outcome), v.host ?? '', v.reason ?? ''].map((x) => el('td', {}, x))),
    );
    return [facts, el('h3', {}, w.outcome), table([c.vm, c.state, c.host, c.reason], rows), ...story];
  }
  const statements = i.unproven.map((host) => statementForm(host));
  return [facts, asking(i), ...statements, ...picking(i), ...story].filter((x) => x !== null);
}

const asking = (i) =>
  i.question === null
    ? null
    : el(
        'p',
        { class: 'wait' },
        w.asked({ ...i.question, until: time(i.question.expiresAt) }),
        ...i.question.answers.map((a) => el('div', {}, w.answered(a))),
      );

/** Each VM that has a place and waits for a word, with a box to pick it. */
function picking(i) {
  if (i.waiting.length === 0) return [el('p', {}, w.nothingToPick)];
  const c = w.columns;
  const boxes = new Map(i.waiting.map((p) => [p, el('input', { type: 'checkbox', checked: true, 'aria-label': p.name || p.vm })]));
  const picked = () => [...boxes].filter(([, b]) => b.checked).map(([p]) => p);
  const go = button('', () => {
    const placements = picked().map(({ vm, from, to }) => ({ vm, from, to }));
    void order(w.sureEvacuate(placements.length, i.incident), `api/incidents/${path(i.incident)}/evacuation`, {
      answer: 'evacuate',
      placements,
    });
  });
  const count = () => {
    go.textContent = w.evacuate(picked().length);
    go.disabled = picked().length === 0 || !me.orders;
  };
  go.className = 'strong';
  const froms = [...new Set(i.waiting.map((p) => p.from))];
  const toggle = (which) => {
    const of = [...boxes].filter(([p]) => which(p));
    const on = !of.every(([, b]) => b.checked);
    for (const [, b] of of) b.checked = on;
    count();
  };
  const hosts = el(
    'div',
    { class: 'buttons small' },
    button(w.all, () => toggle(() => true)),
    ...(froms.length > 1 ? froms.map((h) => button(h, () => toggle((p) => p.from === h))) : []),
  );
  const rows = [...boxes].map(([p, box]) => {
    box.addEventListener('change', count);
    return el('tr', {}, el('td', {}, box), vmCell(p), ...[p.from, p.to, String(p.priority), p.because].map((x) => el('td', {}, x)));
  });
  count();
  const no = button(
    w.decline,
    () => order(w.sureDecline(i.incident), `api/incidents/${path(i.incident)}/evacuation`, { answer: 'do-not', placements: [] }),
    canOrder(),
  );
  return [hosts, table(['', c.vm, c.from, c.to, c.priority, c.because], rows), orderButtons(go, no)];
}

function statementForm(host) {
  const words = el('input', { type: 'text', maxlength: '300', value: w.isDown, 'aria-label': w.words });
  const send = button(
    w.isDown,
    () => order(w.sureDown(host), `api/hosts/${path(host)}/statement`, { words: words.value || w.isDown }),
    canOrder(),
  );
  return el('div', { class: 'wait' }, el('b', {}, `${host}: ${w.unproven}`), el('div', { class: 'buttons' }, words, send));
}

const showHost = (host) => show(host, async () => hostPage(await read(`api/hosts/${path(host)}`)));

function hostPage(h) {
  const c = w.columns;
  const boxes = new Map(h.vms.map((v) => [v.vm, el('input', { type: 'checkbox', checked: true, 'aria-label': v.name || v.vm })]));
  const picked = () => [...boxes].filter(([, b]) => b.checked).map(([vm]) => vm);
  const some = () => (picked().length === boxes.size ? undefined : picked());
  const cold = el('select', {}, ...Object.entries(w.cold).map(([value, text]) => el('option', { value }, text)));
  const mayCold = () => (cold.value === 'as' ? undefined : cold.value === 'yes');
  const plan = el('pre', { hidden: true });
  const look = async (url) => {
    plan.hidden = false;
    plan.textContent = w.working;
    try {
      plan.textContent = (await read(url)).lines.join('\n');
    } catch (e) {
      plan.textContent = e.message;
    }
  };
  const drainPlan = () => {
    const query = new URLSearchParams({ vms: (some() ?? []).join(','), ...(mayCold() === undefined ? {} : { cold: String(mayCold()) }) });
    return look(`api/hosts/${path(h.host)}/drain-plan?${query}`);
  };
  const drain = button(
    '',
    () => {
      const [vms, may] = [some(), mayCold()];
      const body = { disable: true, ...(vms === undefined ? {} : { vms }), ...(may === undefined ? {} : { cold: may }) };
      void order(w.sureDrain(h.host, w.vms(picked().length)), `api/hosts/${path(h.host)}/drain`, body);
    },
    canOrder(),
  );
  const count = () => {
    drain.textContent = w.drainIt(w.vms(picked().length));
    drain.disabled = picked().length === 0 || !me.orders;
  };
  count();
  const rows = h.vms.map((v) => {
    const box = boxes.get(v.vm);
    box.addEventListener('change', count);
    return el('tr', {}, el('td', {}, box), vmCell(v), el('td', {}, vmState(v.state)));
  });
  const well = h.incident === null && h.agent === 'ok' && h.drain === null;
  const release = button(w.release, () => order(w.sureRelease(h.host), `api/hosts/${path(h.host)}/release`), canOrder());
  const end = button(w.endDrain, () => order(w.sureEndDrain(h.host), `api/hosts/${path(h.host)}/drain/end`), canOrder());
  return [
    el('p', {}, `${h.cluster} · ${h.rack} · `, state(h)),
    ...(h.agent === 'ok' ? [] : [statementForm(h.host)]),
    orderButtons(
      h.incident === null ? null : button(w.toIncident, () => showIncident(h.incident), { class: 'strong' }),
      button(w.rehearse, () => look(`api/plan?host=${encodeURIComponent(h.host)}`)),
      well ? button(w.drainPlan, drainPlan) : null,
      h.drain === null ? null : end,
      h.phase === 'kept out' || h.phase === 'drained' ? release : null,
    ),
    plan,
    ...(h.vms.length === 0 ? [el('p', {}, w.noVms)] : [table(['', c.vm, c.state], rows)]),
    ...(well && h.vms.length > 0 ? [orderButtons(cold, drain)] : []),
  ];
}

/* ------------------------------------------------------------------ the whole */

const state = (h) => {
  const words = [
    w.phases[h.phase],
    h.agent === 'lost' ? w.agentLost : h.agent === null ? w.agentNever : '',
    h.maintenance ? w.maintenance : '',
  ];
  const kind = h.phase === 'well' && h.agent !== 'ok' ? 'suspected' : h.phase.replace(' ', '-');
  return el(
    'span',
    { class: `phase ${kind}` },
    words.filter((x, i) => x !== '' && !(i === 0 && h.phase === 'well' && h.agent !== 'ok')).join(', '),
  );
};

const card = (kind, onclick, ...children) => el('button', { type: 'button', class: `card ${kind}`, onclick }, ...children);
const bar = (whole, ...parts) =>
  el(
    'span',
    { class: 'bar' },
    ...parts.map(([n, kind]) => {
      const part = el('i', { class: kind });
      part.style.width = `${whole ? (100 * n) / whole : 0}%`;
      return part;
    }),
  );

function waitingCards(s) {
  const open = s.incidents.filter((i) => i.closedAt === null);
  const cards = open.flatMap((i) => {
    const go = () => showIncident(i.incident);
    const name = el(
      'b',
      {},
      `${verdict(i)} · ${i.hosts.slice(0, 4).join(', ')}${i.hosts.length > 4 ? ` ${w.more(i.hosts.length - 4)}` : ''}`,
    );
    if (i.unproven.length > 0) return [card('urgent', go, name, el('span', {}, `${i.unproven.join(', ')}: ${w.unproven}`))];
    if (i.waiting > 0 && i.question !== null)
      return [
        card(
          'urgent',
          go,
          name,
          el('span', {}, w.asked({ ...i.question, until: time(i.question.expiresAt) })),
          ...i.question.answers.map((a) => el('span', {}, w.answered(a))),
        ),
      ];
    if (i.waiting > 0 && i.automation !== 'automatic')
      return [card('urgent', go, name, el('span', {}, w.couldBe(w.vms(i.waiting))), el('span', { class: 'link' }, w.pick))];
    return [];
  });
  return s.items.length === 0 ? cards : [...cards, itemsTable(s.items)];
}

function itemsTable(items) {
  const c = w.columns;
  const rows = items.map((x) => {
    const select = el(
      'select',
      { 'aria-label': x.name || x.vm, ...canOrder() },
      ...Object.entries(w.actions).map(([value, text]) => el('option', { value }, text)),
    );
    const go = button(
      w.decide,
      () =>
        order(w.sureItem(x.name === '' ? x.vm : `${x.name} (${x.vm})`, w.actions[select.value]), `api/items/${path(x.vm)}`, {
          action: select.value,
        }),
      canOrder(),
    );
    return el('tr', {}, vmCell(x), el('td', {}, x.host), el('td', {}, x.reason), el('td', { class: 'act' }, select, go));
  });
  return el('div', { class: 'items' }, el('b', {}, w.itemsTitle(items.length)), table([c.vm, c.host, c.reason, ''], rows));
}

function workCards(s) {
  const incidents = s.incidents.map((i) => ({
    at: i.openedAt,
    drawn: card(
      i.closedAt === null ? 'open' : 'closed',
      () => showIncident(i.incident),
      el('b', {}, `${verdict(i)} · ${i.hosts.length <= 3 ? i.hosts.join(', ') : `${i.hosts.length} ${w.hosts}`}`),
      bar(
        i.vms,
        [i.verified, 'v'],
        [Math.max(0, i.evacuated - i.verified), 'e'],
        [Math.max(0, i.started - Math.max(i.evacuated, i.verified)), 's'],
        [i.unevacuable, 'u'],
      ),
      el(
        'span',
        {},
        `${w.verified(i)} · ${i.closedAt === null ? w.openFor(duration(s.at - i.openedAt)) : w.endedIn(outcome(i), duration(i.closedAt - i.openedAt))} · ${w.modes[i.automation]}`,
      ),
      i.closedAt === null && i.waitingFor ? el('span', { class: 'wait' }, w.waitingFor(waits(i.waitingFor))) : null,
    ),
  }));
  const drains = s.drains.map((d) => ({
    at: d.openedAt,
    drawn: card(
      d.closedAt === null ? 'open' : 'closed',
      () => showHost(d.host),
      el('b', {}, w.drain(d.host)),
      bar(d.vms, [d.moved, 'v'], [d.moving, 's'], [d.left, 'u']),
      el(
        'span',
        {},
        `${w.moved(d)} · ${d.closedAt === null ? w.openFor(duration(s.at - d.openedAt)) : w.endedIn(outcome(d), duration(d.closedAt - d.openedAt))}`,
      ),
      d.closedAt === null && d.waitingFor ? el('span', { class: 'wait' }, w.waitingFor(d.waitingFor)) : null,
    ),
  }));
  return [...incidents, ...drains].sort((a, b) => b.at - a.at).map((x) => x.drawn);
}

function drawHosts(s) {
  const c = w.columns;
  const rows = (found ?? s.hosts).map((h) =>
    el(
      'tr',
      {},
      el(
        'td',
        {},
        button(h.host, () => showHost(h.host), { class: 'link' }),
      ),
      el('td', {}, h.rack),
      el('td', {}, String(h.vms)),
      el('td', {}, state(h)),
    ),
  );
  const note = found === null ? (s.hosts.length === 0 ? w.allWell : w.notable) : '';
  $('hosts').replaceChildren(
    el('p', { class: 'none' }, note),
    ...(rows.length === 0 ? [] : [table([c.host, c.rack, c.vms, c.state], rows)]),
    ...(found === null && s.more > 0 ? [el('p', {}, w.more(s.more))] : []),
  );
}

function drawClusters(s) {
  const c = w.columns;
  const rows = s.clusters.map((x) =>
    el(
      'tr',
      {},
      el('td', {}, `${x.cluster}${x.highPerformance ? ` (${w.fast})` : ''}`),
      el('td', {}, x.highAvailability ? w.modes[x.automation] : w.haOff),
      el('td', {}, `${x.well}/${x.hosts}`),
      el('td', {}, String(x.vms)),
    ),
  );
  $('clusters').replaceChildren(table([c.cluster, c.mode, c.well, c.vms], rows));
}

/** An open box of choices is not taken out of somebody's hands. */
const inHand = () => document.activeElement?.tagName === 'SELECT' && $('waiting').contains(document.activeElement);

function draw(s) {
  last = s;
  if (s === null) return;
  $('region').textContent = s.region;
  $('sum').textContent = w.sum(
    s.clusters.reduce((n, c) => n + c.hosts, 0),
    s.clusters.reduce((n, c) => n + c.vms, 0),
  );
  if (s.lacks !== '' || $('lacks').className === 'lacks') {
    $('lacks').textContent = s.lacks;
    $('lacks').className = s.lacks === '' ? '' : 'lacks';
    $('lacks').hidden = s.lacks === '';
  }
  if (!inHand()) {
    const waiting = waitingCards(s);
    $('waits').className = waiting.length === 0 ? '' : 'some';
    $('waiting').replaceChildren(...(waiting.length === 0 ? [el('p', { class: 'none' }, w.nothingWaits)] : waiting));
  }
  const works = workCards(s);
  $('incidents').replaceChildren(...(works.length === 0 ? [el('p', { class: 'none' }, w.none)] : works));
  $('lines').replaceChildren(
    ...s.lines
      .slice(-40)
      .reverse()
      .map((l) =>
        el('li', {}, el('time', {}, time(l.at)), el('span', { class: 'source' }, l.source), el('span', {}, l.text[language] ?? l.text.en)),
      ),
  );
  drawClusters(s);
  drawHosts(s);
}

function speak() {
  w = languages[language] ?? languages.en;
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll('[data-says]')) e.textContent = w[e.dataset.says];
  $('match').placeholder = w.match;
  $('language').textContent = w.other;
  $('who').textContent = me.name ?? w.reader;
  draw(last);
}

$('language').addEventListener('click', () => {
  language = language === 'en' ? 'zh-CN' : 'en';
  localStorage.setItem('language', language);
  speak();
});
$('match').addEventListener('input', async () => {
  const match = $('match').value.trim();
  found = match === '' ? null : await read(`api/hosts?match=${encodeURIComponent(match)}`);
  draw(last);
});

me = await read('api/me');
speak();
const live = new EventSource('api/live');
live.onmessage = (m) => draw(JSON.parse(m.data));
live.onopen = () => {
  $('link').textContent = w.live;
  $('link').className = 'on';
};
live.onerror = () => {
  $('link').textContent = w.lost;
  $('link').className = 'off';
};
