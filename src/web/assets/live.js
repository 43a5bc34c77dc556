// The live stream: rows of /live, figures of today, and a quiet word of new calls on other pages.
(() => {
  'use strict';
  const script = document.currentScript;
  const find = (css, within = document) => within.querySelector(css);
  const all = (css, within = document) => [...within.querySelectorAll(css)];

  /* One stream while somebody looks. */
  let source = null;
  let last = script.dataset.since;
  let again = 0;
  const listeners = { call: [], stats: [], reset: [], state: [] };
  const tell = (name, value) => listeners[name].forEach((listener) => listener(value));

  const close = () => {
    clearTimeout(again);
    if (source) source.close();
    source = null;
  };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(script.dataset.events + '?since=' + encodeURIComponent(last));
    for (const name of ['call', 'stats', 'reset']) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        tell(name, JSON.parse(event.data));
      });
    }
    source.onopen = () => tell('state', true);
    source.onerror = () => {
      tell('state', false);
      // A refusal ends a stream for good; whatever else happens, browsers try again by themselves.
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        again = setTimeout(open, 5000 + Math.random() * 5000);
      }
    };
  };
  const look = () => (document.hidden ? close() : open());

  /* Figures of today. */
  listeners.stats.push((stats) => {
    const shown = stats.shown[document.documentElement.lang] || {};
    const isToday = (figure) => (figure.closest('[data-stats-day]') || figure).dataset.statsDay === stats.day;
    for (const figure of all('[data-stat]')) {
      const text = shown[figure.dataset.stat];
      if (text === undefined || figure.textContent === text) continue;
      // Callbacks are owed today, whatever days a page shows.
      if (figure.dataset.stat !== 'owed' && !isToday(figure)) continue;
      figure.textContent = text;
      const tile = figure.closest('.tile');
      if (tile) tile.classList.add('moved');
    }
    const badge = find('.top .owed');
    if (badge && shown.owed) {
      badge.hidden = !stats.callbacks_owed;
      badge.title = shown.owed_what;
      badge.lastElementChild.textContent = `(${shown.owed_what})`;
    }
  });

  /* "3 new calls" in place of rows that jump. */
  const fresh = find('[data-fresh]');
  if (fresh) {
    const known = new Set();
    const { now, one, many, some } = fresh.dataset;
    const wanted = (call) =>
      ['direction', 'number', 'peer', 'party'].every((name) => !fresh.dataset[name] || fresh.dataset[name] === call[name]);
    const show = (text) => {
      const link = find('a', fresh) || fresh.appendChild(document.createElement('a'));
      link.href = location.href;
      link.textContent = text;
    };
    listeners.call.push((call) => {
      if (Date.parse(call.started_at) < Number(now) || !wanted(call)) return;
      known.add(call.call_id);
      show(known.size === 1 ? one : many.replace('{}', known.size.toLocaleString(document.documentElement.lang)));
    });
    listeners.reset.push(() => show(some));
  }

  /* The rows of /live. */
  const page = find('[data-live]');
  if (page) {
    const words = JSON.parse(page.dataset.words);
    const [running, ended] = [find('[data-rows="running"]', page), find('[data-rows="ended"]', page)];
    const clock = Date.now() - Number(page.dataset.now);
    const now = () => Date.now() - clock;
    const time = new Intl.DateTimeFormat('de', {
      hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: page.dataset.zone,
    });
    const two = (number) => String(number).padStart(2, '0');
    const parts = (seconds) => [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const timer = (seconds) => {
      const [h, m, s] = parts(Math.max(0, Math.floor(seconds)));
      return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    };
    const duration = (seconds) => {
      if (seconds === null) return words.nothing;
      const [h, m, s] = parts(seconds);
      return seconds < 60 ? `${seconds} s` : h ? `${h}:${two(m)}:${two(s)} h` : `${two(m)}:${two(s)} min`;
    };
    const row = (rows, id) => [...rows.children].find((row) => row.dataset.call === id);
    const party = (call) =>
      call.party_name || call.party || ((call.direction === 'out' ? call.to : call.from) ? words.anonymous : words.unknown);

    const fill = (row, call, texts) => {
      const [sign, direction] = words.directions[call.direction] || words.directions.unknown;
      const common = { party: party(call), sign, direction, number: call.number_name || call.number || words.nothing, peer: call.peer_name || call.peer || '' };
      for (const [name, text] of Object.entries({ ...common, ...texts })) {
        const place = find(`[data-f="${name}"]`, row);
        if (place && place.textContent !== text) place.textContent = text;
      }
      find('a', row).href = '/calls/' + encodeURIComponent(call.call_id);
    };
    /* A row at its place: the one that is there, or a new one where its time belongs, the latest on top. */
    const put = (rows, id, at) => {
      const old = row(rows, id);
      if (old && old.dataset.at === String(at)) return old;
      const made = old || find('template', rows.parentElement).content.firstElementChild.cloneNode(true);
      made.dataset.call = id;
      made.dataset.at = at;
      rows.insertBefore(made, [...rows.children].find((row) => row !== made && Number(row.dataset.at) <= at) || null);
      return made;
    };
    const count = () => {
      const tick = now();
      for (const row of [...running.children]) {
        if (row.dataset.until && tick >= Number(row.dataset.until)) row.remove();
        else find('[data-f="timer"]', row).textContent = timer((tick - Number(row.dataset.since)) / 1000);
      }
      find('[data-count]', page).textContent = running.children.length;
      find('[data-none="running"]', page).hidden = running.children.length > 0;
      find('[data-none="ended"]', page).hidden = ended.children.length > 0;
      find('[data-table]', page).hidden = ended.children.length === 0;
    };
    const show = (call) => {
      const started = Date.parse(call.started_at);
      const is = call.state === 'ringing' && call.direction === 'out' ? 'outgoing' : call.state;
      const isNew = !row(running, call.call_id);
      const to = put(running, call.call_id, started);
      to.dataset.since = is === 'talking' ? Date.parse(call.accepted_at) : started;
      to.dataset.until = is === 'ringing' ? started + Number(page.dataset.patience) : '';
      to.className = is;
      fill(to, call, { state: words.states[is] });
      if (isNew && now() < Number(to.dataset.until || Infinity)) {
        find('[data-said]', page).textContent = words.called[is].replace('{}', party(call));
      }
    };
    const end = (call) => {
      const old = row(running, call.call_id);
      if (old) old.remove();
      if (!call.ended_at) return;
      const at = Date.parse(call.ended_at);
      const to = put(ended, call.call_id, at);
      const [kind, outcome] = words.outcomes[call.outcome];
      fill(to, call, { time: time.format(at), outcome, talk: duration(call.talk_seconds) });
      find('[data-f="outcome"]', to).className = 'badge ' + kind;
      while (ended.children.length > Number(page.dataset.most)) ended.lastElementChild.remove();
    };
    listeners.call.push((call) => {
      (call.state === 'ended' ? end : show)(call);
      count();
    });
    listeners.reset.push(() => setTimeout(() => location.reload(), 500 + Math.random() * 1500));
    listeners.state.push((isLive) => {
      find('[data-state]', page).textContent = isLive ? words.live : words.broken;
      page.classList.toggle('on', isLive);
    });
    setInterval(count, 1000);
    count();
  }

  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', close);
  addEventListener('pageshow', look);
  look();
})();
