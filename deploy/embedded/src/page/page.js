const $ = (id) => document.getElementById(id);
const el = (tag, attributes = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) k.startsWith('on') ? e.addEventListener(k.slice(2), v) : e.setAttribute(k, v);
  e.append(...children);
  return e;
};
let chosen = null; // { kind: 'host' | 'rack', name }
let last = null;
let names = {};

/** How a phase looks and what it is called. */
const phases = {
  well: ['--ok', 'well'],
  suspected: ['--warn', 'suspected'],
  alerted: ['--warn', 'trouble, held'],
  confirmed: ['--bad', 'failed, isolating'],
  isolated: ['--dead', 'proven dead'],
  'shut out': ['--move', 'evacuating'],
  'kept out': ['--out', 'kept out'],
  drained: ['--move', 'drained'],
};
for (const [colour, words] of Object.values(phases)) $('legend').append(el('span', { style: `border-color: var(${colour})` }, words));
$('legend').append(el('span', { class: 'plain' }, '⚡ high-performance cluster'));

/** Only what changed is touched: a button under the pointer stays the same button while events rain. */
const drawn = new WeakMap();
function show(parent, key, ...children) {
  if (drawn.get(parent) === key) return;
  drawn.set(parent, key);
  parent.replaceChildren(...children);
}
function list(parent, items, keyOf, make, fill) {
  const have = new Map([...parent.children].map((c) => [c.dataset.key, c]));
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    const e = have.get(key) ?? make(item);
    e.dataset.key = key;
    have.delete(key);
    fill(e, item);
    const next = before === null ? parent.firstElementChild : before.nextElementSibling;
    if (next !== e) parent.insertBefore(e, next);
    before = e;
  }
  for (const gone of have.values()) gone.remove();
}

function choose(kind, name) {
  chosen = { kind, name };
  $('problem').textContent = '';
  draw(last);
  $('act').scrollIntoView({ block: 'nearest' });
}

async function act(action) {
  const answer = await fetch('api/act', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ action, target: chosen.name }),
  });
  $('problem').textContent = answer.ok ? '' : (await answer.json()).problem;
}

async function showStory(incident) {
  const text = await (await fetch(`api/incidents/${encodeURIComponent(incident)}/story`)).text();
  $('story').querySelector('pre').textContent = text;
  $('story').showModal();
}

const isChosen = (kind, name) => chosen?.kind === kind && chosen.name === name;
/** What is to be seen at the machine itself, and what Lifeboat makes of it. */
const stateOf = (h) =>
  [
    h.phase === 'well' ? '' : phases[h.phase][1],
    h.os === 'up' ? '' : h.os,
    h.os === 'up' && !h.management ? 'no mgmt' : '',
    h.os === 'up' && !h.production ? 'no prod' : '',
    h.os === 'up' && !h.agent ? 'no agent' : '',
  ].filter(Boolean);

function fillHost(e, h) {
  e.className = `host ${h.phase.replace(' ', '-')} ${h.os} ${isChosen('host', h.host) ? 'chosen' : ''}`;
  const state = stateOf(h).join(', ');
  e.title = `${h.host}, ${h.cluster}${h.fast ? ' (high-performance)' : ''}: ${state || 'well'}`;
  const vms = `${h.running} VM${h.running === 1 ? '' : 's'}`;
  show(
    e,
    `${vms} ${state}`,
    el('b', {}, h.host, h.fast ? ' ⚡' : ''),
    el('small', {}, state === '' || h.running > 0 ? `${vms} ` : '', state === '' ? '' : el('em', {}, state)),
  );
}

function fillRack(e, r) {
  e.className = `rack ${r.power ? '' : 'dark'}`;
  const [name, hosts] = e.children;
  name.className = isChosen('rack', r.rack) ? 'chosen' : '';
  show(name, String(r.power), r.rack, ...(r.power ? [] : [el('div', {}, 'no power')]));
  list(
    hosts,
    r.hosts,
    (h) => h.host,
    (h) => el('button', { onclick: () => choose('host', h.host) }),
    fillHost,
  );
}
const makeRack = (r) => el('div', {}, el('button', { onclick: () => choose('rack', r.rack) }), el('div', { class: 'hosts' }));

function fillWork(e, w) {
  e.className = `work ${w.is}`;
  const part = (c) => el('i', { class: c, style: `width:${100 * w.bar[c]}%` });
  show(
    e,
    JSON.stringify(w),
    el('b', {}, w.what),
    el('div', { class: 'bar' }, part('verified'), part('moved'), part('started'), part('left')),
    el('div', {}, w.done),
    ...(w.asked === '' ? [] : [el('div', { class: 'asked' }, w.asked)]),
  );
}
const makeWork = (w) => el('button', { title: `${w.rule}. Click for the whole story.`, onclick: () => showStory(w.incident) });

function drawChoice() {
  $('hint').textContent =
    chosen === null ? "Click a host, or a rack's name: what can happen to it is shown here." : `${chosen.kind} ${chosen.name}:`;
  const fitting = Object.entries(names).filter(([action]) => chosen !== null && action.endsWith('rack') === (chosen.kind === 'rack'));
  show(
    $('buttons'),
    JSON.stringify([fitting, chosen]),
    ...fitting.map(([action, words]) => el('button', { onclick: () => act(action) }, words)),
  );
}

const makeLine = (l) =>
  el('li', {}, el('time', {}, new Date(l.at).toISOString().slice(11, 19)), el('span', { class: 'who' }, l.source), el('span', {}, l.text));

function draw(s) {
  if (s === null) return;
  last = s;
  const open = s.works.filter((w) => w.is !== 'well').length;
  document.title = `${open > 0 ? `(${open}) ` : ''}Lifeboat · simulated region`;
  $('region').textContent = `region ${s.region} (simulated)`;
  const sum = `${s.vms.running} of ${s.vms.total} VMs run`;
  show($('sum'), `${sum} ${s.vms.twice}`, `${sum}, `, el('span', { class: s.vms.twice ? 'bad' : '' }, `${s.vms.twice || 'none'} twice`));
  list($('floor'), s.racks, (r) => r.rack, makeRack, fillRack);
  drawChoice();
  if (s.works.length) {
    $('none').hidden = true;
    list($('works'), s.works, (w) => w.incident, makeWork, fillWork);
  }
  list(
    $('lines'),
    s.lines.slice(-25).reverse(),
    (l) => String(l.n),
    makeLine,
    () => {},
  );
  const leading = s.services.map((p) => el(p.leading ? 'b' : 'span', { title: p.leading ? 'leads' : 'stands by' }, p.name));
  show($('services'), JSON.stringify(s.services), 'Services (bold: leads): ', ...leading);
}

const loadNames = async () => {
  const a = await fetch('api/actions');
  names = await a.json();
  draw(last);
};
void loadNames();
const live = new EventSource('api/live');
live.onmessage = (m) => draw(JSON.parse(m.data));
live.onopen = () => {
  $('link').textContent = 'live';
  $('link').className = 'on';
};
live.onerror = () => {
  $('link').textContent = 'connection lost, trying again…';
  $('link').className = 'off';
};
