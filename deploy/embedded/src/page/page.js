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

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const legend = {
  well: 'well',
  suspected: 'suspected',
  confirmed: 'failed, being isolated',
  isolated: 'proven dead',
  'shut-out': 'evacuating',
  'kept-out': 'kept out until clean',
};
const colours = { well: '--ok', suspected: '--warn', confirmed: '--bad', isolated: '--dead', 'shut-out': '--move', 'kept-out': '--out' };
for (const [k, words] of Object.entries(legend)) $('legend').append(el('span', { style: `border-color: var(${colours[k]})` }, words));

function choose(kind, name) {
  chosen = { kind, name };
  $('hint').textContent = `Chosen: ${kind} ${name}`;
  draw(last);
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

function drawHost(h) {
  const states = [
    h.os === 'up' ? '' : h.os,
    h.os === 'up' && !h.management ? 'no mgmt' : '',
    h.os === 'up' && !h.production ? 'no prod' : '',
    h.os === 'up' && !h.agent ? 'no agent' : '',
  ].filter(Boolean);
  const picked = chosen?.kind === 'host' && chosen.name === h.host ? 'chosen' : '';
  return el(
    'button',
    {
      class: `host ${h.phase.replace(' ', '-')} ${h.os} ${h.fast ? 'fast' : ''} ${picked}`,
      title: `${h.host}, ${h.cluster}: ${h.phase}`,
      onclick: () => choose('host', h.host),
    },
    el('b', {}, h.host),
    el('small', {}, `${h.running} VMs${states.length ? ` · ${states.join(', ')}` : ''}`),
  );
}

function drawIncident(i, now) {
  const open = i.closedAt === null;
  const part = (n, c) => el('i', { class: c, style: `width:${i.vms ? (100 * n) / i.vms : 0}%` });
  return el(
    'div',
    { class: 'incident', title: 'show the story', onclick: () => showStory(i.incident) },
    el('b', { class: open ? 'open' : 'closed' }, `${i.verdict} · ${i.hosts.length === 1 ? i.hosts[0] : `${i.hosts.length} hosts`}`),
    el(
      'div',
      { class: 'bar' },
      part(i.verified, 'v'),
      part(Math.max(0, i.evacuated - i.verified), 'e'),
      part(Math.max(0, i.started - Math.max(i.evacuated, i.verified)), 's'),
      part(i.unevacuable, 'u'),
    ),
    el(
      'div',
      {},
      `${i.verified} of ${i.vms} VMs verified${i.unevacuable ? `, ${i.unevacuable} not evacuable` : ''} · ${open ? `open for ${seconds(now - i.openedAt)}` : `${i.outcome} in ${seconds(i.closedAt - i.openedAt)}`}`,
    ),
    ...(open && i.waitingFor ? [el('div', { class: 'wait' }, `waiting for ${i.waitingFor}`)] : []),
  );
}

function draw(s) {
  if (s === null) return;
  last = s;
  $('region').textContent = `region ${s.region} (simulated)`;
  $('sum').replaceChildren(`${s.vms.running} VMs run, `, el('span', { class: s.vms.twice ? 'bad' : '' }, `${s.vms.twice} twice`));
  $('floor').replaceChildren(
    ...s.racks.map((r) =>
      el(
        'div',
        { class: `rack ${r.power ? '' : 'dark'}` },
        el(
          'button',
          { class: chosen?.kind === 'rack' && chosen.name === r.rack ? 'chosen' : '', onclick: () => choose('rack', r.rack) },
          r.rack,
          ...(r.power ? [] : [el('div', {}, 'no power')]),
        ),
        el('div', { class: 'hosts' }, ...r.hosts.map(drawHost)),
      ),
    ),
  );
  $('buttons').replaceChildren(
    ...Object.entries(names).map(([action, words]) => {
      const fits = chosen !== null && action.endsWith('rack') === (chosen.kind === 'rack');
      return el('button', { onclick: () => act(action), ...(fits ? {} : { disabled: '' }) }, words);
    }),
  );
  if (s.incidents.length) $('incidents').replaceChildren(...s.incidents.map((i) => drawIncident(i, s.at)));
  $('lines').replaceChildren(
    ...s.lines
      .slice(-25)
      .reverse()
      .map((l) =>
        el(
          'li',
          {},
          el('time', {}, new Date(l.at).toISOString().slice(11, 19)),
          el('span', { class: 'who' }, l.source),
          el('span', {}, l.text),
        ),
      ),
  );
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
